//! `aliasctl`: one file per question, one per rendering. Data goes to standard output, everything else to standard error.
//!
//! It knows the daemon only by the replies of its read-only socket; `plan` also reads the files that it is given, by the
//! same code as the daemon.

mod arguments;
mod client;
mod console;
pub mod decode;
mod discard_routes;
mod failure;
mod prefix_list;
mod question;
mod release;
mod table;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, Export, Question};
pub use arguments::{EXIT_CODES, Format};
use client::Client;
pub use console::Terminal;
use console::{Console, painted};
use failure::Failure;
pub use release::release;

/// Runs `aliasctl` with the arguments, the environment and the terminal of this process.
#[must_use]
pub fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    ExitCode::from(run(std::env::args_os(), Terminal::of_process(), &mut out, &mut io::stderr()))
}

/// Runs `aliasctl` and gives its exit code: see [`EXIT_CODES`].
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    terminal: Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output, and a reader that has seen enough of it is no failure.
            let _unread = error.print();
            return u8::from(error.use_stderr()) * failure::USAGE;
        }
    };
    let console = Console {
        out,
        format: arguments.global.output.unwrap_or(Format::Table),
        paint: painted(arguments.global.color, &terminal),
        headers: !arguments.global.no_headers,
        width: terminal.width,
    };
    match answer(arguments, console) {
        Ok(Ending::Fine) => 0,
        Ok(Ending::Degraded) => failure::FAILED,
        Ok(Ending::Change) => failure::CHANGE,
        Ok(Ending::Held) => failure::HELD,
        Err(failure) => {
            let code = failure.exit_code();
            if let Some(text) = failure.text() {
                // Nobody is left to be told when standard error is closed too.
                let _unheard = writeln!(err, "aliasctl: {text}");
            }
            code
        }
    }
}

/// How a question ended that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Fine,
    /// `status --quiet` of a daemon whose health is not OK.
    Degraded,
    /// `plan` of something that changes routes or sessions.
    Change,
    /// `plan` of something that the guard would hold.
    Held,
}

fn answer(arguments: Arguments, mut console: Console<'_>) -> Result<Ending, Failure> {
    let ending = match arguments.command {
        Command::Decode(asked) => {
            decode::run(&asked, &mut console.out)?;
            Ending::Fine
        }
        Command::Ask(question) => {
            let client = Client::new(arguments.global.socket);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(ask(&question, &client, &mut console))?
        }
    };
    console.out.flush()?;
    Ok(ending)
}

async fn ask(question: &Question, client: &Client, console: &mut Console<'_>) -> Result<Ending, Failure> {
    match question {
        Question::Status(asked) => question::status::ask(client, console, asked).await,
        Question::Peers(asked) => question::peers::ask(client, console, asked).await,
        Question::Routes(asked) => question::routes::ask(client, console, asked).await,
        Question::Lookup(asked) => question::lookup::ask(client, console, asked).await,
        Question::Inventory => question::inventory::ask(client, console).await,
        Question::Aggregation => question::aggregation::ask(client, console).await,
        Question::Plan(asked) => question::plan::ask(client, console, asked).await,
        Question::Guard => question::guard::ask(client, console).await,
        Question::Explain(asked) => question::explain::ask(client, console, asked).await,
        Question::Export(Export::PrefixList(asked)) => question::export::prefix_list(client, console, asked).await,
        Question::Export(Export::DiscardRoutes(asked)) => {
            question::export::discard_routes(client, console, asked).await
        }
    }
}

#[cfg(test)]
mod tests;
