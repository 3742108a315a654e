//! How far this task's clock may be from true time, and how to tell CloudWatch.

pub mod explain;
