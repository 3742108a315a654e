//! A real chronyd that leaves the machine's clock alone and serves on a port of loopback.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::PATIENCE;

pub(crate) struct Chronyd {
    child: Child,
    pub(crate) address: SocketAddr,
    _directory: TempDir,
}

impl Chronyd {
    /// A server that claims to be exact: its time is the machine's.
    pub(crate) fn local() -> Self {
        Self::start("local stratum 3")
    }

    /// A server with these lines in its configuration that answers requests.
    pub(crate) fn start(lines: &str) -> Self {
        // A port that was free may be taken by the time chronyd asks for it.
        (0..20)
            .find_map(|_| Self::try_start(lines))
            .expect("chronyd (Debian's package chrony) must be installed and start")
    }

    fn try_start(lines: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let configuration = directory.path().join("chrony.conf");
        let text = format!(
            "bindaddress 127.0.0.1\nport {}\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile {}\n{lines}\n",
            address.port(),
            directory.path().join("chronyd.pid").display(),
        );
        std::fs::write(&configuration, text).unwrap();
        let child = Command::new(program())
            // Without control of the clock, in the foreground, as the user the test runs as.
            .args(["-x", "-d", "-U", "-u", "root", "-f"])
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut server = Self {
            child,
            address,
            _directory: directory,
        };
        server.answers().then_some(server)
    }

    /// Waits until it answers; `false` if it has ended.
    fn answers(&mut self) -> bool {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let mut request = [0; 48];
        request[0] = 0x23;
        let began = Instant::now();
        while began.elapsed() < PATIENCE && self.child.try_wait().unwrap().is_none() {
            let _ = socket.send_to(&request, self.address);
            if socket.recv(&mut [0; 48]).is_ok() {
                return true;
            }
        }
        false
    }
}

/// `tests/run` names the one that it found or unpacked. Debian keeps daemons outside of most users' path.
fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("CHRONYD") {
        return program.into();
    }
    let daemon = Path::new("/usr/sbin/chronyd");
    if daemon.exists() {
        daemon.to_owned()
    } else {
        "chronyd".into()
    }
}

impl Drop for Chronyd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
