/** Starts the debug adapter as a separate process, so that it cannot crash the extension host. */
import * as vscode from 'vscode';

export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
    /** @param extension the extension's folder */
    constructor(private readonly extension: vscode.Uri) {}

    createDebugAdapterDescriptor(): vscode.DebugAdapterDescriptor {
        const bundle = vscode.Uri.joinPath(this.extension, 'dist', 'debug-adapter.js').fsPath;
        // The runtime of VS Code: Electron as Node on a desktop, Node on a server.
        return new vscode.DebugAdapterExecutable(process.execPath, [bundle], { env: { ELECTRON_RUN_AS_NODE: '1' } });
    }
}
