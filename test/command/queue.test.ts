/** Exploring with workers that take their work from a queue in a real Redis or Valkey server. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { LUS, lus } from '../support/lus';
import { RACE, RACE_FILE } from '../support/race';
import { inRepository } from '../support/repository';

/** Where the packages of the queue are. */
const PACKAGES = inRepository('node_modules');
const SERVERS = ['valkey-server', 'redis-server'];

function serverHere(): string | undefined {
    return SERVERS.find((name) => spawnSync(name, ['--version']).status === 0);
}

/** A port that nothing listens on. */
function freePort(): Promise<number> {
    return new Promise((resolve, reject) => {
        const server = createServer().listen(0, '127.0.0.1', () => {
            const address = server.address();
            server.close(() =>
                typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
            );
        });
    });
}

function ended(child: ChildProcess): Promise<number | null> {
    return new Promise((resolve) => child.on('close', resolve));
}

suite('lus explore --queue', function () {
    this.timeout(600_000);
    const children: ChildProcess[] = [];
    let folder = '';

    teardown(() => {
        for (const child of children.splice(0)) {
            child.kill('SIGKILL');
        }
        rmSync(folder, { recursive: true, force: true });
    });

    test('finds what one thread finds, though workers are killed in the middle of their work', async function () {
        const server = serverHere();
        if (server === undefined || !existsSync(path.join(PACKAGES, 'bullmq'))) {
            console.log(
                server === undefined
                    ? `      not tried: there is neither ${SERVERS.join(' nor ')} on this machine`
                    : `      not tried: the package bullmq is not in ${PACKAGES}`,
            );
            this.skip();
        }
        folder = mkdtempSync(path.join(tmpdir(), 'lus-queue-'));
        writeFileSync(path.join(folder, RACE_FILE), RACE);
        symlinkSync(PACKAGES, path.join(folder, 'node_modules'));
        const port = await freePort();
        const start = (command: string, args: readonly string[]): ChildProcess => {
            const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
            children.push(child);
            return child;
        };
        const redis = start(server, ['--port', String(port), '--save', '', '--bind', '127.0.0.1']);
        await new Promise<void>((resolve) => {
            redis.stdout?.on('data', (text: Buffer) => /ready to accept/i.test(text.toString()) && resolve());
        });
        const url = `redis://127.0.0.1:${port}`;
        const worker = (): ChildProcess => start(process.execPath, [LUS, 'worker', '--queue', url]);
        const doomed = [worker(), worker()];
        const search = ['explore', RACE_FILE, '--orders', '--switches', '1', '--format', 'json'];
        const explore = start(process.execPath, [LUS, ...search, '--progress', '--queue', url]);
        let out = '';
        let told = '';
        explore.stdout?.on('data', (text: Buffer) => {
            out += text.toString();
        });
        let killed = false;
        explore.stderr?.on('data', (text: Buffer) => {
            told += text.toString();
            // work was given out: they die with it, and others come
            if (!killed && /"branches":[1-9]/.test(told)) {
                killed = true;
                for (const w of doomed) {
                    w.kill('SIGKILL');
                }
                worker();
                worker();
            }
        });
        assert.equal(await ended(explore), 0, told);
        assert.ok(killed, told);
        const alone = lus(folder, [...search, '--jobs', '1']);
        assert.deepEqual(JSON.parse(out), JSON.parse(alone.out));
    });

    test('an address that is none is refused', () => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-queue-'));
        writeFileSync(path.join(folder, RACE_FILE), RACE);
        const wrong = lus(folder, ['explore', RACE_FILE, '--orders', '--queue', 'localhost']);
        assert.equal(wrong.code, 2);
        assert.match(wrong.err, /redis:\/\/localhost:6379/);
        assert.match(lus(folder, ['worker']).err, /Name the queue/);
    });
});
