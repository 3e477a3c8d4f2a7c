/**
 * The debug adapter as a process: on stdin and stdout, or with `--port N` for clients on this machine (port 0: a free
 * port, which is printed on stderr). Programs import the class of its sessions from it.
 */
import { createServer } from 'node:net';
import * as path from 'node:path';
import { nodeHost } from './files';
import { LusDebugSession } from './session';
import { connect } from './stdio';

function serveStdio(): void {
    // All output is flushed before the process ends.
    const leave = (): void => {
        process.stdout.write('', () => process.exit(0));
    };
    const session = new LusDebugSession(nodeHost, leave);
    connect(session, process.stdin, process.stdout);
    process.stdin.on('end', leave);
    process.stdout.on('error', () => process.exit(0));
}

/** One session per connection. */
function serveTcp(port: number): void {
    const server = createServer((socket) => {
        const session = new LusDebugSession(nodeHost, () => socket.end());
        // a browser cannot send such a first line
        connect(session, socket, socket, () => socket.destroy());
        socket.on('close', () => session.shutdown());
        socket.on('error', () => session.shutdown());
    });
    server.on('error', (e) => {
        process.stderr.write(`cannot listen on port ${port}: ${e.message}\n`);
        process.exit(2);
    });
    server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        process.stderr.write(
            `listening on 127.0.0.1:${typeof address === 'object' && address ? address.port : port}\n`,
        );
    });
}

function main(args: readonly string[]): void {
    const at = args.findIndex((a) => a === '--port' || a.startsWith('--port='));
    const option = args[at];
    if (option === undefined) {
        serveStdio();
        return;
    }
    const text = option.startsWith('--port=') ? option.slice('--port='.length) : (args[at + 1] ?? '');
    const port = Number(text);
    if (!/^\d+$/.test(text) || port > 65535) {
        process.stderr.write('usage: debug-adapter [--port N], N from 0 to 65535\n');
        process.exit(2);
    }
    serveTcp(port);
}

/** `lus dap` runs this program by its name in the arguments. */
function isProgram(): boolean {
    const [, script] = process.argv;
    return require.main === module || (script !== undefined && path.resolve(script) === __filename);
}

// programs import it, too: see api-types.d.ts
export { LusDebugSession, nodeHost };

if (isProgram()) {
    main(process.argv.slice(2));
}
