/**
 * The command `lus` as scripts that run it with the runtime of VS Code, so that no Node needs to be installed. Without
 * VS Code's interface, for tests.
 */

/** A script for a POSIX shell. */
export function posixScript(runtime: string, bundle: string): string {
    const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
    return `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec ${quoted(runtime)} ${quoted(bundle)} "$@"\n`;
}

/** A script for the command interpreter of Windows, which PowerShell finds, too. */
export function windowsScript(runtime: string, bundle: string): string {
    const quoted = (text: string): string => `"${text.replaceAll('%', '%%')}"`;
    return ['@echo off', 'setlocal', 'set ELECTRON_RUN_AS_NODE=1', `${quoted(runtime)} ${quoted(bundle)} %*`, ''].join(
        '\r\n',
    );
}

/** The scripts of a system, by their file names. */
export function scriptsFor(platform: string, runtime: string, bundle: string): ReadonlyMap<string, string> {
    // Git Bash on Windows takes the script without an ending
    return platform === 'win32'
        ? new Map([
              ['lus.cmd', windowsScript(runtime, bundle)],
              ['lus', posixScript(runtime, bundle)],
          ])
        : new Map([['lus', posixScript(runtime, bundle)]]);
}
