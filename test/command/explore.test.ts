/** `lus explore` as a command: threads, parts, a budget, and a search that goes on from a file. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { LUS, lus, type Ran } from '../support/lus';
import { RACE, RACE_FILE } from '../support/race';

/** What must be the same however it was searched. */
function found({ out }: Ran): unknown {
    return JSON.parse(out, (key, value: unknown) => (key === 'room' ? undefined : value));
}

/** The parts of a report that do not depend on whether switches are left out. */
function outcomes({ out }: Ran): unknown {
    const { scenarios }: { readonly scenarios: readonly { readonly outcomes: readonly object[] }[] } = JSON.parse(out);
    return scenarios.map((s) =>
        s.outcomes
            .map((o) =>
                JSON.stringify(o, (key, value: unknown) =>
                    key === 'courses' || key === 'choices' ? undefined : value,
                ),
            )
            .sort(),
    );
}

suite('lus explore', function () {
    this.timeout(600_000);
    let folder = '';
    const explore = (...args: string[]): Ran =>
        lus(folder, ['explore', RACE_FILE, '--orders', '--switches', '2', '--format', 'json', ...args]);

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-explore-'));
        writeFileSync(path.join(folder, RACE_FILE), RACE);
    });

    teardown(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    test('finds the same on one thread, on several, in parts, and in several goes', () => {
        const whole = explore('--jobs', '1');
        assert.equal(whole.code, 0, whole.err);
        assert.deepEqual(found(explore('--jobs', '3')), found(whole));
        for (const part of [1, 2, 3]) {
            const ran = explore('--shard', `${part}/3`, '--state', `${part}.json`);
            assert.equal(ran.code, 0, ran.err);
        }
        assert.match(lus(folder, ['report', 'merge', '1.json', '3.json']).err, /Part 2\/3 is missing/);
        const joined = lus(folder, ['report', 'merge', '1.json', '2.json', '3.json', '--format', 'json']);
        assert.equal(joined.code, 0, joined.err);
        assert.deepEqual(outcomes(joined), outcomes(whole));
        const begun = explore('--jobs', '1', '--budget', '0.2s', '--state', 'state.json');
        assert.equal(begun.code, 3, begun.err);
        assert.match(begun.err, /goes on from state\.json/);
        assert.deepEqual(found(explore('--state', 'state.json')), found(whole));
        assert.deepEqual(found(explore('--state', 'state.json')), found(whole), 'a complete search stays complete');
    });

    test('leaves out the same switches on one thread and on several', () => {
        const agent = (name: string): string =>
            `${name} { lu = open("/dev/liveupdate"); s = lu.create_session("${name}"); m = memfd_create("m"); lu.close() }`;
        const text = `
scenario "each has its own session" {
    boot "7.2"
    process a, b, c
    ${['a', 'b', 'c'].map(agent).join('\n    ')}
    concurrently {
        a { s.preserve_fd(m, token: 1) }
        b { s.preserve_fd(m, token: 1) }
        c { s.preserve_fd(m, token: 1) }
    }
}`;
        writeFileSync(path.join(folder, RACE_FILE), text);
        const run = (...args: string[]): Ran =>
            lus(folder, ['explore', RACE_FILE, '--orders', '--format', 'json', ...args]);
        const one = run('--jobs', '1');
        assert.equal(one.code, 0, one.err);
        assert.match(one.out, /"switchesLeftOut": [1-9]/);
        assert.deepEqual(found(run('--jobs', '2')), found(one));
        const begun = run('--jobs', '2', '--budget', '0.7s', '--state', 'state.json');
        assert.equal(begun.code, 3, begun.err);
        assert.deepEqual(found(run('--state', 'state.json')), found(one));
    });

    test('a profile that the scenario declares, with its bounds; other scenarios are left out', () => {
        const text = RACE.replace(
            'boot "7.2"',
            'explore { crash a }\n    explore nightly { orders; switches 1 }\n    boot "7.2"',
        );
        writeFileSync(path.join(folder, RACE_FILE), `${text}\n${RACE.replace('three agents', 'another')}`);
        const run = (...args: string[]): Ran => lus(folder, ['explore', RACE_FILE, '--format', 'json', ...args]);
        const scenario = ['--scenario', 'three agents'];
        const nightly = run('--profile', 'nightly');
        assert.equal(nightly.code, 0, nightly.err);
        assert.deepEqual(found(nightly), found(run(...scenario, '--orders', '--switches', '1')));
        assert.notDeepEqual(found(run(...scenario)), found(nightly));
        assert.match(run('--profile', 'weekly').err, /profile "weekly".*nightly/);
    });

    test('an interrupted search keeps what it has found', async () => {
        const args = ['explore', RACE_FILE, '--orders', '--switches', '2', '--state', 'state.json', '--progress'];
        const child = spawn(process.execPath, [LUS, ...args], { cwd: folder });
        let told = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
            // a second signal would end it at once
            if (told === '') {
                child.kill('SIGINT');
            }
            told += text;
        });
        const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
        assert.match(told, /^\{"scenario":"three agents","branches":\d+/);
        assert.equal(code, 3, told);
        assert.match(readFileSync(path.join(folder, 'state.json'), 'utf8'), /"items":\[/);
        assert.deepEqual(found(explore('--state', 'state.json')), found(explore()));
    });

    test('the state of another search is refused', () => {
        explore('--budget', '0s', '--state', 'state.json');
        const other = explore('--budget', '0s', '--faults', '2', '--state', 'state.json');
        assert.equal(other.code, 2);
        assert.match(other.err, /other options/);
        writeFileSync(path.join(folder, RACE_FILE), `${RACE}\n// another text\n`);
        assert.match(explore('--state', 'state.json').err, /another text/);
        assert.match(explore('--shard', '1/2').err, /--state FILE/);
        assert.match(explore('--memory', 'much').err, /--memory must be a size/);
    });

    test('a bounded memory ends the search, which says so', () => {
        const small = explore('--jobs', '1', '--memory', '4K');
        assert.equal(small.code, 3);
        assert.match(small.out, /"full": true/);
    });
});
