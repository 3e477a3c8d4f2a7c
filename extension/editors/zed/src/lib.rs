//! Starts the language server and the debug adapter of the command `lus`, which must be in PATH.

use zed_extension_api::{
    self as zed, serde_json, Command, DebugAdapterBinary, DebugTaskDefinition, LanguageServerId, Result,
    StartDebuggingRequestArguments, StartDebuggingRequestArgumentsRequest, Worktree,
};

struct LusExtension;

fn lus(worktree: &Worktree) -> Result<String> {
    worktree.which("lus").ok_or_else(|| "the command lus is not in PATH".to_string())
}

impl zed::Extension for LusExtension {
    fn new() -> Self {
        LusExtension
    }

    fn language_server_command(&mut self, _: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        Ok(Command { command: lus(worktree)?, args: vec!["lsp".into()], env: worktree.shell_env() })
    }

    fn get_dap_binary(
        &mut self,
        adapter: String,
        task: DebugTaskDefinition,
        path: Option<String>,
        worktree: &Worktree,
    ) -> Result<DebugAdapterBinary, String> {
        let config = serde_json::from_str(&task.config).map_err(|e| e.to_string())?;
        Ok(DebugAdapterBinary {
            command: Some(match path {
                Some(path) => path,
                None => lus(worktree)?,
            }),
            arguments: vec!["dap".into()],
            envs: worktree.shell_env(),
            cwd: Some(worktree.root_path()),
            connection: None,
            request_args: StartDebuggingRequestArguments {
                request: self.dap_request_kind(adapter, config)?,
                configuration: task.config,
            },
        })
    }

    fn dap_request_kind(
        &mut self,
        _: String,
        config: serde_json::Value,
    ) -> Result<StartDebuggingRequestArgumentsRequest, String> {
        match config.get("request").and_then(|r| r.as_str()) {
            Some("launch") => Ok(StartDebuggingRequestArgumentsRequest::Launch),
            Some("attach") => Ok(StartDebuggingRequestArgumentsRequest::Attach),
            _ => Err("\"request\" must be \"launch\" or \"attach\"".into()),
        }
    }
}

zed::register_extension!(LusExtension);
