//! What the documents say, done: README.md and docs/guide are run as a reader would run them.
//!
//! A block tagged `console` is typed into one bash per document, in a folder that is empty but for the data of a fresh
//! development node: lines that begin with `$ ` are commands (one that ends with a backslash goes on in the next line),
//! the lines after a command are what it prints. `…` stands for anything, across lines too. A command ends with 0,
//! unless the last line of what is expected is `[exit N]`. The addresses that a node listens on when nothing else is said
//! stand for free ones. `sh` is for the few commands that cannot run inside a test,
//! `toml` for configurations, `json` for JSON, `text` for the rest. Links to files must lead somewhere.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use contract::codes::{Family, Row, Surface, rows};
use server::config::Config;

/// What may stand in an `sh` block.
const NOT_RUN: [&str; 2] = ["cargo run --release", "cargo xtask ci"];
/// How long a document may take. The demo alone has some seconds where the machine is busy.
const WAIT: Duration = Duration::from_mins(3);
/// How often something is looked at that is waited for.
const PAUSE: Duration = Duration::from_millis(20);

#[test]
fn the_documents_hold() {
    assert!(
        has("curl"),
        "the documents use curl, which is not on this machine: please install it (apt-get install curl)"
    );
    let documents = documents();
    assert!(documents.len() > 4, "the documents are found: {documents:?}");
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let checks: Vec<_> = documents.iter().map(|document| scope.spawn(|| examine(document))).collect();
        checks.into_iter().flat_map(|check| check.join().expect("a document is examined")).collect()
    });
    assert!(complaints.is_empty(), "{} complaints\n\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn every_published_status_of_a_vendor_says_on_its_page_what_to_do() {
    let is_vendors = |row: &&Row| row.surface == Surface::Push && row.family != Family::PushCommon;
    let mut lost = Vec::new();
    for row in rows().filter(is_vendors) {
        let page = format!("docs/guide/push-{}.md", row.family.as_str());
        let text = fs::read_to_string(root().join(&page)).unwrap_or_default();
        let (_, table) = text.split_once("\n## What a status asks you to do\n").unwrap_or_default();
        let first = |line: &str| line.strip_prefix('|').and_then(|line| line.split('|').next().map(str::to_owned));
        let code = row.code.to_string();
        if !table.lines().filter_map(first).any(|cell| cell.split(',').any(|one| one.trim() == code)) {
            lost.push(format!("{page}: {code}"));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn what_a_document_gets_wrong_is_caught() {
    let check = |text: &str, expected: &[&str]| {
        let text = text.replace("~~~", "```");
        let complaints = follow("a.md", &text);
        assert_eq!(complaints.len(), expected.len(), "{text}\n{complaints:#?}");
        for (complaint, words) in complaints.iter().zip(expected) {
            assert!(complaint.contains(words), "{words} is not in: {complaint}");
        }
    };
    let console = |lines: &str| format!("~~~console\n{lines}\n~~~\n");
    check(&console("$ echo one; echo two\none\ntwo"), &[]);
    check(&console("$ a=1\n$ echo \\\n    $a\n1"), &[]);
    check(&console("$ printf 'a\\nb\\nc'\na\n…c\n$ seq 9\n1\n…4…\n8…"), &[]);
    check(&console("$ echo no >&2; false\nno\n[exit 1]"), &[]);
    check(&console("$ cargo run --release -- explain BadTopic | head -1\n…  BadTopic  …"), &[]);
    // What is said and what is printed stand side by side, with the place in the document.
    check(
        &console("$ echo one; echo two\none\nthree"),
        &["a.md:2: $ echo one; echo two\n    one\n  - three\n  + two\n"],
    );
    check(&console("$ seq 3\n1…5…3"), &["- 1…5…3"]);
    check(&console("$ echo one\n"), &["+ one"]);
    check(&console("$ true\nmore"), &["- more"]);
    check(&console("$ false"), &["+ [exit 1]"]);
    check(&console("$ true | false | true"), &["+ [exit 1]"]);
    check(&console("$ true\n[exit 1]"), &["- [exit 1]"]);
    // A session that ended does not pass for one that held.
    check(&console("$ exit 0\n$ true"), &["the session ended", "was not run"]);
    check(&console("$ echo $unheard_of"), &["the session ended"]);
    check(&console("words first\n$ true"), &["before the first command"]);
    check("~~~sh\nrm -rf /\n~~~\n", &["cannot run in a test"]);
    check("~~~\n$ true\n~~~\n", &["says what it is"]);
    check("~~~console\n$ true\n", &["does not end"]);
    check("~~~json\n{\"a\": 1,}\n~~~\n", &["a.md:1"]);
    check("~~~toml\n[listen]\nhtpp = \"off\"\n~~~\n", &["htpp"]);
    check("see [this](nowhere.md)", &["nowhere.md"]);
    check("see [this](Cargo.toml#a) and [that](https://example.com/)", &[]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies in the workspace").to_owned()
}

/// README.md and the guides, by their paths from the root.
fn documents() -> Vec<String> {
    let guide = root().join("docs/guide");
    let entries = fs::read_dir(&guide).expect("the guides are there").flatten();
    let paths =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let names = paths.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let mut found: Vec<String> = names.map(|name| format!("docs/guide/{name}")).collect();
    found.sort();
    found.insert(0, "README.md".into());
    found
}

fn examine(document: &str) -> Vec<String> {
    follow(document, &fs::read_to_string(root().join(document)).expect("the document is read"))
}

/// Does what a document says; answers what does not hold.
fn follow(document: &str, text: &str) -> Vec<String> {
    let (blocks, mut complaints) = blocks(document, text);
    complaints.extend(lost_links(document, text));
    let mut steps = Vec::new();
    for block in &blocks {
        let place = format!("{document}:{}", block.line);
        match block.tag.as_str() {
            "console" => match self::steps(document, block) {
                Ok(found) => steps.extend(found),
                Err(complaint) => complaints.push(complaint),
            },
            "sh" => complaints.extend(unknown(block).map(|line| {
                format!("{place}: `{line}` is not among what cannot run in a test; make it a console block")
            })),
            "json" => complaints.extend(
                serde_json::from_str::<serde_json::Value>(&block.text()).err().map(|error| format!("{place}: {error}")),
            ),
            "toml" => complaints.extend(not_a_configuration(&block.text()).map(|error| format!("{place}: {error}"))),
            "text" => {}
            other => complaints
                .push(format!("{place}: no block says what it is by {other:?}: console, sh, json, toml or text")),
        }
    }
    if !steps.is_empty() {
        complaints.extend(run(&steps));
    }
    complaints
}

/// A fenced block.
struct Block {
    tag: String,
    /// Of the fence, from 1.
    line: usize,
    lines: Vec<String>,
}

impl Block {
    fn text(&self) -> String {
        self.lines.join("\n")
    }
}

fn blocks(document: &str, text: &str) -> (Vec<Block>, Vec<String>) {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(tag)) => open = Some(Block { tag: tag.trim().into(), line: number + 1, lines: Vec::new() }),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    let unended = open.map(|block| format!("{document}:{}: the block does not end", block.line));
    (found, unended.into_iter().collect())
}

/// Links into the repository that lead nowhere.
fn lost_links(document: &str, text: &str) -> Vec<String> {
    let folder = root().join(document).parent().expect("a document lies in a folder").to_owned();
    let mut lost = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !folder.join(file).exists() {
                lost.push(format!("{document}:{}: the link to {file} leads nowhere", number + 1));
            }
        }
    }
    lost
}

fn unknown(block: &Block) -> impl Iterator<Item = &str> {
    block.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty() && !NOT_RUN.contains(line))
}

fn not_a_configuration(text: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("noroshi.toml");
    fs::write(&file, text).expect("the file is written");
    Config::read(&file).err().map(|error| error.to_string())
}

/// A command with what it prints.
struct Step {
    place: String,
    command: String,
    expected: String,
}

impl Step {
    /// The step with other addresses.
    fn moved(&self, listen: &[(&str, String); 2]) -> Self {
        let moved = |text: &str| listen.iter().fold(text.to_owned(), |text, (usual, free)| text.replace(usual, free));
        Self { place: self.place.clone(), command: moved(&self.command), expected: moved(&self.expected) }
    }
}

/// The usual addresses of a node, each with a free one in its place. Below the ports that the system gives to
/// connections, and elsewhere in each process, so that nobody else takes one before the session does.
fn free_addresses() -> [(&'static str, String); 2] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    ["127.0.0.1:8080", "127.0.0.1:8081"].map(|usual| {
        loop {
            let number = std::process::id().wrapping_mul(31).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
            let free = format!("127.0.0.1:{}", 20_000 + number % 12_000);
            if TcpListener::bind(&free).is_ok() {
                break (usual, free);
            }
        }
    })
}

fn steps(document: &str, block: &Block) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for (index, line) in block.lines.iter().enumerate() {
        let place = format!("{document}:{}", block.line + 1 + index);
        let words = line.strip_prefix("$ ");
        if let (Some(step), true) = (steps.last_mut(), goes_on) {
            step.command = format!("{}\n{line}", step.command);
        } else if let Some(words) = words {
            steps.push(Step { place, command: words.to_owned(), expected: String::new() });
        } else {
            let step = steps.last_mut().ok_or_else(|| format!("{place}: words before the first command"))?;
            step.expected.push_str(line);
            step.expected.push('\n');
        }
        goes_on = (goes_on || words.is_some()) && line.ends_with('\\');
    }
    Ok(steps)
}

/// Runs a document's commands in one session; answers what does not hold.
fn run(steps: &[Step]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path();
    let _node = Node::start(place);
    let listen = free_addresses();
    let steps: Vec<Step> = steps.iter().map(|step| step.moved(&listen)).collect();
    let output = session(place, &steps, &listen);
    // The marks are lines of their own: number and exit status of the command that ended there.
    let mut rest = output.as_str();
    let mut complaints = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let mark = format!("\n{MARK} {number} ");
        let Some((printed, after)) = rest.split_once(&mark) else {
            complaints.push(format!("{}: $ {}\nthe session ended here:\n{rest}", step.place, step.command));
            let left = steps.len() - number - 1;
            complaints.extend((left > 0).then(|| format!("{}: what follows was not run: {left} commands", step.place)));
            break;
        };
        let (status, after) = after.split_once('\n').unwrap_or((after, ""));
        complaints.extend(compare(step, printed, status));
        rest = after;
    }
    complaints
}

const MARK: &str = "=-=-=";

/// What bash has before the first command.
const PRELUDE: &str = r#"
set -u -o pipefail
cargo() {
    if [ "${1-} ${2-} ${3-}" != "run --release --" ]; then echo "cargo ${*} does not run in this test"; return 2; fi
    shift 3
    noroshi "$@"
}
"#;

/// Runs commands in bash; answers what they printed, with the marks. Whatever they left behind is ended.
fn session(place: &Path, steps: &[Step], listen: &[(&str, String); 2]) -> String {
    let mut script = PRELUDE.to_owned();
    for (number, step) in steps.iter().enumerate() {
        // In a string, so that a command that bash cannot read is a refused command and not the end of the session.
        let quoted = step.command.replace('\'', r"'\''");
        write!(script, "eval '{quoted}'\nprintf '\\n{MARK} {number} %s\\n' \"$?\"\n").expect("a string takes all");
    }
    let (file, printed) = (place.join(".session.sh"), place.join(".session.out"));
    fs::write(&file, script).expect("the script is written");
    let out = fs::OpenOptions::new().append(true).create(true).open(&printed).expect("the output is opened");
    let mut bash = command("bash", place)
        .arg(&file)
        .stdout(out.try_clone().expect("the output is shared"))
        .stderr(out)
        // Where a configuration made in the session listens: the environment wins over it.
        .env("NOROSHI_LISTEN__HTTP", &listen[0].1)
        .env("NOROSHI_LISTEN__ADMIN", &listen[1].1)
        .process_group(0)
        .spawn()
        .expect("bash starts");
    let ended = wait(&mut bash, WAIT);
    let group = rustix::process::Pid::from_child(&bash);
    // Nobody is left of a session that cleaned up; that is no trouble.
    let _left = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    bash.wait().expect("bash is waited for");
    let mut text = String::from_utf8_lossy(&fs::read(&printed).expect("the output is read")).into_owned();
    if !ended {
        text.push_str("(it took too long)\n");
    }
    text
}

/// Compares what a command printed with what is said of it; answers both, side by side, if they differ.
fn compare(step: &Step, printed: &str, status: &str) -> Option<String> {
    let end = if status == "0" { String::new() } else { format!("\n[exit {status}]") };
    let printed = format!("{}{end}", printed.trim_end());
    let printed = printed.trim_start_matches('\n');
    let expected = step.expected.trim_end();
    if fits(expected, printed) {
        return None;
    }
    let mut shown = format!("{}: $ {}\n", step.place, step.command);
    // Lines that agree stand once. Behind an ellipsis lines cannot be told apart, and all of both is shown.
    let (said, came): (Vec<_>, Vec<_>) = (expected.lines().collect(), printed.lines().collect());
    let same = said.iter().zip(&came).take_while(|(said, came)| fits(said, came)).count();
    for (sign, lines) in [(' ', &came[..same]), ('-', &said[same..]), ('+', &came[same..])] {
        for line in lines {
            writeln!(shown, "  {sign} {line}").expect("a string takes all");
        }
    }
    Some(shown)
}

/// Whether a text is as a pattern says, in which `…` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A development node on free ports, whose data lies where `noroshi env` looks for it.
struct Node(Child);

impl Node {
    fn start(place: &Path) -> Self {
        let any = "127.0.0.1:0";
        let mut process = command("noroshi", place)
            .args(["dev", "--http", any, "--https", any, "--admin", any])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the node starts");
        let deadline = Instant::now() + WAIT;
        while !place.join("noroshi-data/credentials.json").exists() {
            if process.try_wait().expect("the node is looked at").is_some() || Instant::now() > deadline {
                let mut said = String::new();
                drop(process.kill());
                process
                    .stderr
                    .take()
                    .expect("its errors are read")
                    .read_to_string(&mut said)
                    .expect("its errors are text");
                panic!("the node does not get ready: {said}");
            }
            std::thread::sleep(PAUSE);
        }
        Self(process)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A program in a folder, with our binary in front of all others and no settings from outside.
fn command(program: &str, place: &Path) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_noroshi")).parent().expect("the binary lies in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let program = if program == "noroshi" { own.join(program) } else { program.into() };
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NOROSHI_")) {
        command.env_remove(name);
    }
    command
        .env("PATH", format!("{}:{path}", own.display()))
        .env("LC_ALL", "C.UTF-8")
        .current_dir(place)
        .stdin(Stdio::null());
    command
}

fn wait(process: &mut Child, longest: Duration) -> bool {
    let deadline = Instant::now() + longest;
    while Instant::now() < deadline {
        if process.try_wait().expect("the process is looked at").is_some() {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    false
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
