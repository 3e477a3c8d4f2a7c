/** What the suite's debugging tests share: starting, waiting for stops, reading the stopped program. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import { z } from 'zod';

/** Long enough for a machine with other things to do; a test that passes never waits that long. */
const WAIT_MS = 30_000;

const eventSchema = z.object({ type: z.literal('event'), event: z.string(), body: z.optional(z.unknown()) });
const stoppedSchema = z.object({ reason: z.string(), threadId: z.number() });

export type Stopped = z.infer<typeof stoppedSchema>;

/** Waits until `probe` gives something. */
export async function eventually<T>(what: string, probe: () => T | undefined | PromiseLike<T | undefined>): Promise<T> {
    for (const end = Date.now() + WAIT_MS; ; ) {
        const value = await probe();
        if (value !== undefined) {
            return value;
        }
        if (Date.now() > end) {
            throw new Error(`waited in vain for ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/**
 * Ends what is still being debugged. A session that ends by itself at the same moment cancels the request to end it.
 */
export async function stopDebugging(): Promise<void> {
    try {
        await vscode.debug.stopDebugging();
    } catch (e) {
        if (!(e instanceof Error && e.message.includes('Canceled'))) {
            throw e;
        }
    }
}

/** Records what adapters send, from the moment it is made until it is disposed. */
export class Recorder implements vscode.DebugAdapterTrackerFactory, vscode.Disposable {
    private readonly registrations = [
        vscode.debug.registerDebugAdapterTrackerFactory('lus', this),
        vscode.debug.onDidTerminateDebugSession(() => {
            this.ended = true;
        }),
    ];
    private readonly stops: Stopped[] = [];
    /** Text of output events, in order. */
    readonly output: string[] = [];
    /** The adapter's last word. */
    terminated = false;
    /** The workbench has put the session away. */
    private ended = false;
    exitCode: number | undefined;

    createDebugAdapterTracker(): vscode.DebugAdapterTracker {
        return { onDidSendMessage: (message) => this.receive(message) };
    }

    private receive(message: unknown): void {
        const parsed = eventSchema.safeParse(message);
        if (!parsed.success) {
            return;
        }
        const { event, body } = parsed.data;
        if (event === 'stopped') {
            this.stops.push(stoppedSchema.parse(body));
        } else if (event === 'output') {
            this.output.push(z.object({ output: z.string() }).parse(body).output);
        } else if (event === 'exited') {
            this.exitCode = z.object({ exitCode: z.number() }).parse(body).exitCode;
        } else if (event === 'terminated') {
            this.terminated = true;
        }
    }

    /**
     * Does something that leads to a stop. A tracker sees `stopped` before the workbench has focused a frame, and
     * until then the workbench ignores step commands; so this waits for a new frame, too.
     */
    async stopAfter(act: () => PromiseLike<unknown>): Promise<Stopped> {
        const before = vscode.debug.activeStackItem;
        await act();
        const stopped = await eventually('a stopped event', () => this.stops.shift());
        await eventually('a focused frame', () => {
            const now = vscode.debug.activeStackItem;
            return now instanceof vscode.DebugStackFrame && now !== before ? now : undefined;
        });
        return stopped;
    }

    /**
     * The end of the session that was started. The event says so; `activeDebugSession` may go on naming a session
     * that was over before the workbench had made it the active one.
     */
    async end(): Promise<void> {
        await eventually('the adapter to say that it is done', () => (this.terminated ? true : undefined));
        await eventually('the editor to end the session', () => (this.ended ? true : undefined));
    }

    dispose(): void {
        for (const registration of this.registrations) {
            registration.dispose();
        }
    }
}

/** The program that is stopped now, seen through requests to its adapter. */
export const stoppedProgram = {
    session(): vscode.DebugSession {
        const session = vscode.debug.activeDebugSession;
        if (!session) {
            throw new Error('nothing is being debugged');
        }
        return session;
    },

    async frames(threadId: number): Promise<DebugProtocol.StackFrame[]> {
        const body: DebugProtocol.StackTraceResponse['body'] = await this.session().customRequest('stackTrace', {
            threadId,
        });
        return body.stackFrames;
    },

    async scopes(threadId: number): Promise<DebugProtocol.Scope[]> {
        const [top] = await this.frames(threadId);
        const body: DebugProtocol.ScopesResponse['body'] = await this.session().customRequest('scopes', {
            frameId: top?.id,
        });
        return body.scopes;
    },

    async children(variablesReference: number): Promise<DebugProtocol.Variable[]> {
        const body: DebugProtocol.VariablesResponse['body'] = await this.session().customRequest('variables', {
            variablesReference,
        });
        return body.variables;
    },

    /** The variables of a scope, by name. */
    async scope(threadId: number, name: string): Promise<Map<string, DebugProtocol.Variable>> {
        const scope = (await this.scopes(threadId)).find((s) => s.name === name);
        if (!scope) {
            throw new Error(`no scope is called ${name}`);
        }
        return new Map((await this.children(scope.variablesReference)).map((v) => [v.name, v]));
    },
};
