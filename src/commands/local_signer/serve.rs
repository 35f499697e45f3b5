//! `notation-aws-signer local-signer serve`.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::{env, io};

use aws_names::AccountId;
use local_signer::clock::Clock;
use local_signer::config::ConfigSource;
use local_signer::controls::Controls;
use local_signer::credentials::Credentials;
use local_signer::{LocalSigner, Options};
use notary::text::{parse_rfc3339, printable, printable_lines};
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};

use super::LocalSignerError;
use crate::output::Output;
use crate::output::exit::CliError;

/// The environment variable that the secret is taken from: a command line can be read by every user of the machine.
pub(super) const SECRET_VARIABLE: &str = "NOTATION_AWS_SIGNER_LOCAL_SECRET";

/// Start the service; it runs until interrupted (Ctrl-C).
///
/// Prints the environment variables that clients need. All state is in one directory: signing profiles, signing jobs,
/// revocations, the certificate authority, and the access keys for clients. Completed requests survive a crash of the
/// process or the machine.
///
/// DIR/config.yaml, or the file given with --config, has quotas, faults on purpose, targets of events, the audit log,
/// TLS and more. SIGHUP loads it again; an invalid file is reported, and the earlier configuration stays in force.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Start with the state in ./signer, and sign in another terminal:
    notation-aws-signer local-signer serve --dir ./signer

  Make signatures that have expired: signed in 2024, valid for one day:
    notation-aws-signer local-signer serve --dir ./signer \\
      --clock 2024-01-01T00:00:00Z
    aws signer put-signing-profile --profile-name short \\
      --platform-id Notation-OCI-SHA384-ECDSA \\
      --signature-validity-period value=1,type=DAYS

  Check a configuration file, and load it into a running service:
    notation-aws-signer local-signer serve --dir ./signer --check-config
    kill -HUP PID")]
pub(super) struct Args {
    /// The directory for all state; it is created if it does not exist, readable only by you
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The address to listen on; port 0 picks a free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8274", value_parser = address_of)]
    listen: SocketAddr,

    /// The configuration file, instead of DIR/config.yaml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Check the configuration, and do not serve
    #[arg(long)]
    check_config: bool,

    /// The AWS account id in the ARNs of profiles and signing jobs
    #[arg(long, value_name = "ID", default_value_t = AccountId::EXAMPLE)]
    account: AccountId,

    /// Sign as if it were this time (RFC 3339); the clock runs on from there. Requests are still checked against the
    /// real time
    #[arg(long, value_name = "TIME", value_parser = time_of)]
    clock: Option<OffsetDateTime>,

    /// Accept this access key id instead of the generated one in DIR/credentials. Set the secret access key in the
    /// environment variable NOTATION_AWS_SIGNER_LOCAL_SECRET
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<(), CliError> {
    if args.check_config {
        return check(&args, output);
    }
    Ok(serve(args).await?)
}

/// Checks the configuration without touching the directory.
fn check(args: &Args, output: &Output) -> Result<(), CliError> {
    let source = source(args);
    let config = source.load(&args.dir).map_err(|why| LocalSignerError::Controls(why.into()))?;
    Controls::check(&config).map_err(LocalSignerError::from)?;
    match source.path(&args.dir).filter(|path| path.exists()) {
        Some(path) => output.text(format!("{} is valid", printable(&path.display().to_string()))),
        None => output.text("There is no configuration file; the defaults apply"),
    }
}

async fn serve(args: Args) -> Result<(), LocalSignerError> {
    let _ = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .try_init();
    // Before the start, so that a signal during the start also leads to an orderly shutdown.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let signer = LocalSigner::start(options(args)?).await?;
    // One write, and a failure is only logged: the service is useful without the instructions.
    if let Err(error) = io::stdout().write_all(printable_lines(&instructions(&signer)).as_bytes()) {
        tracing::warn!("standard output: {error}");
    }
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            // The log has the result.
            _ = hang_up.recv() => drop(signer.reload().await),
        }
    }
    signer.shutdown().await;
    Ok(())
}

fn source(args: &Args) -> ConfigSource {
    args.config.clone().map_or(ConfigSource::Directory, ConfigSource::File)
}

fn options(args: Args) -> Result<Options, LocalSignerError> {
    let config = source(&args);
    let credentials = match args.access_key_id {
        None => None,
        Some(id) => Some(Credentials::new(&id, &env::var(SECRET_VARIABLE).map_err(|_| LocalSignerError::NoSecret)?)?),
    };
    Ok(Options {
        dir: args.dir,
        listen: args.listen,
        account: args.account,
        clock: args.clock.map_or(Ok(Clock::system()), Clock::starting_at)?,
        credentials,
        config,
        ..Options::new(PathBuf::new())
    })
}

fn instructions(signer: &LocalSigner) -> String {
    let endpoint = signer.endpoint_url();
    let address = signer.address();
    let open = match address.ip().is_loopback() {
        true => "",
        false if signer.is_encrypted() => "It accepts requests from other machines.\n",
        false => "Warning: it accepts requests from other machines, over unencrypted HTTP.\n",
    };
    let scheme = if signer.is_encrypted() { "https" } else { "http" };
    let reached = format!("{scheme}://{}", reached_at(address));
    let console = match signer.console().is_enabled() {
        true => {
            format!("Console, signed in (the address is a secret):\n  {reached}{}\n", signer.console().sign_in_path())
        }
        false => String::new(),
    };
    let root = signer.root_certificate().display();
    let credentials = match signer.credentials_file() {
        Some(file) => format!("  export AWS_SHARED_CREDENTIALS_FILE={}", shell_quoted(&file.to_string_lossy())),
        None => {
            let id = signer.credentials().access_key_id();
            format!("  export AWS_ACCESS_KEY_ID={id}\n  export AWS_SECRET_ACCESS_KEY=\"${SECRET_VARIABLE}\"")
        }
    };
    format!(
        "The local signer listens on {endpoint}\n{open}\
         {console}\
         Root certificate, for a trust store of the type signingAuthority:\n  {root}\n\n\
         To use it in another terminal:\n  export AWS_ENDPOINT_URL_SIGNER={reached}\n  export AWS_ENDPOINT_URL_SIGNER_DATA={reached}\n{credentials}\n  \
         export AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2\n\nThen, for example:\n  \
         aws signer put-signing-profile --profile-name demo --platform-id Notation-OCI-SHA384-ECDSA\n"
    )
}

/// The address at which programs of this machine reach a service that listens there.
fn reached_at(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

/// The address of `HOST:PORT`. A name such as `localhost` may have several; IPv4 is preferred, as by most clients.
fn address_of(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let addresses: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|error| format!("expected an address such as 127.0.0.1:8274 or localhost:8274: {error}"))?
        .collect();
    let preferred = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    preferred.copied().ok_or_else(|| "the name has no address".to_owned())
}

fn time_of(text: &str) -> Result<OffsetDateTime, String> {
    parse_rfc3339(text).ok_or_else(|| "expected a time such as 2024-01-01T00:00:00Z".to_owned())
}

/// The text as one word of a shell command.
fn shell_quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+:@%".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_an_address_that_clients_can_use() {
        for (listening, reached) in [
            ("0.0.0.0:8274", "127.0.0.1:8274"),
            ("[::]:1", "[::1]:1"),
            ("127.0.0.2:3", "127.0.0.2:3"),
            ("192.0.2.1:4", "192.0.2.1:4"),
        ] {
            assert_eq!(listening.parse().map(reached_at), reached.parse(), "{listening}");
        }
    }

    #[test]
    fn listens_on_names_and_addresses() {
        assert_eq!(address_of("localhost:1"), Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
        assert_eq!(address_of("[::1]:2"), Ok(SocketAddr::from((Ipv6Addr::LOCALHOST, 2))));
        for text in ["localhost", "127.0.0.1", ":", "localhost:99999"] {
            assert!(address_of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quotes_paths_for_the_shell() {
        assert_eq!(shell_quoted("/a/b-c.d"), "/a/b-c.d");
        assert_eq!(shell_quoted("/a b"), "'/a b'");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
    }
}
