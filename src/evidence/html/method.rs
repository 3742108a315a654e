//! How a statement was made, and what it was made of.

use maud::{Markup, html};

use super::table::{Column, table};
use crate::evidence::json::ppm;
use crate::evidence::statement::Statement;
use crate::evidence::text::{counted, limit};

pub(super) fn method(statement: &Statement) -> Markup {
    html! {
        section {
            h2 { "How this report was made" }
            p {
                "By ecs-clock-emf " (env!("CARGO_PKG_VERSION")) " report, from " (counted(statement.counts.lines(), "line"))
                " that sidecars wrote" (versions(statement)) ". " (counted(statement.counts.others, "other line")) " skipped."
            }
            p {
                "A stretch of time between two lines is within the limit if every reading was synchronized and the largest "
                "bound, plus " (ppm(statement.rules.drift)) " ppm of the time between the lines and of any pause of the "
                "process, is at most " (limit(statement)) ". Lines from the kernel's estimate or a version before "
                "0.3.0 are reported, not proven. Time that no line covers is unknown."
            }
            p {
                "What this report cannot show: an error of the time source itself, unless a cross-check contradicts it; a "
                "paused virtual machine; lines that were changed after they were written. UTC means what the source "
                "reports; the operator of the source documents its traceability."
            }
            (inputs(statement))
        }
    }
}

fn versions(statement: &Statement) -> String {
    let versions = statement.counts.versions.iter();
    let list = versions.map(|(version, lines)| format!("{version}: {lines}"));
    let list: Vec<String> = list.collect();
    if list.is_empty() {
        String::new()
    } else {
        format!(" (by version: {})", list.join(", "))
    }
}

fn inputs(statement: &Statement) -> Markup {
    let rows = html! {
        @for input in &statement.inputs {
            tr {
                td.text { (input.name) } td { (input.bytes) } td { (input.lines) }
                td.text.hash { (input.sha256) }
            }
        }
    };
    let columns = [
        Column::Text("file"),
        Column::Number("bytes"),
        Column::Number("lines"),
        Column::Text("SHA-256"),
    ];
    table("What was read", &columns, &rows)
}
