/** The debug adapter in the process of the extension: each session gets its files before it asks for them. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import type { Host } from '../../debug-adapter/host';
import { LusDebugSession } from '../../debug-adapter/session';
import { canonicalUri } from '../../emulator/language/paths';
import { uriOf } from '../last-started';
import { ProgramFiles } from './program-files';
import { soon } from './soon';

/** The requests that read files, and the arguments that name them. */
const startSchema = z.object({
    command: z.enum(['launch', 'attach', 'restart']),
    arguments: z.optional(
        z.looseObject({
            program: z.optional(z.string()),
            image: z.optional(z.string()),
            arguments: z.optional(z.looseObject({ program: z.optional(z.string()) })),
        }),
    ),
});

export class InProcessAdapters implements vscode.DebugAdapterDescriptorFactory {
    createDebugAdapterDescriptor(): vscode.DebugAdapterDescriptor {
        return new vscode.DebugAdapterInlineImplementation(new InProcessAdapter());
    }
}

class InProcessAdapter implements vscode.DebugAdapter {
    private readonly sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
    readonly onDidSendMessage = this.sent.event;
    private readonly files = new ProgramFiles();
    private readonly session: LusDebugSession;
    /** The program of the last launch, which a restart reads again. */
    private program: string | undefined;
    /** The messages are handled in their order, also while files are read. */
    private handled: Promise<void> = Promise.resolve();

    constructor() {
        const { files } = this;
        const host: Host = {
            read: (uri) => files.read(uri),
            readBytes: (uri) => files.readBytes(uri),
            exists: (uri) => files.exists(uri),
            toUri: (path) => canonicalUri(uriOf(path).toString()),
            toPath: (uri) => (uri.startsWith('file:') ? vscode.Uri.parse(uri).fsPath : undefined),
            now: () => performance.now(),
            later(work, ms) {
                if (ms === undefined) {
                    soon(work);
                } else {
                    setTimeout(work, ms);
                }
            },
        };
        this.session = new LusDebugSession(host);
        this.session.onDidSendMessage((message) => this.sent.fire(message));
    }

    handleMessage(message: vscode.DebugProtocolMessage): void {
        this.handled = this.handled.then(async () => {
            await this.readFilesFor(message);
            this.session.receive(message);
        });
    }

    dispose(): void {
        this.session.shutdown();
        this.sent.dispose();
    }

    private async readFilesFor(message: vscode.DebugProtocolMessage): Promise<void> {
        const start = startSchema.safeParse(message);
        if (!start.success) {
            return;
        }
        const { program, image, arguments: again } = start.data.arguments ?? {};
        this.program = again?.program ?? program ?? this.program;
        this.files.clear();
        if (this.program !== undefined) {
            await this.files.loadProgram(canonicalUri(uriOf(this.program).toString()));
        }
        if (image !== undefined) {
            await this.files.loadImage(canonicalUri(uriOf(image).toString()));
        }
    }
}
