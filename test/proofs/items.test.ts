/** Items of the panes: paths lead to one item each at every stop, and two looks at a tree tell what has changed. */
import { placeOf } from '../../emulator/runtime/code';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inspectFile } from '../../emulator/handover/inspect';
import { sourceOf } from '../../emulator/machine/core-file';
import { memoryOf } from '../../emulator/presentation/bytes';
import { handoverItems } from '../../emulator/presentation/handover';
import { imageHandover, imageLiveUpdate, imageMemory } from '../../emulator/presentation/image';
import { keyOf, namedItems, type Children, type Item } from '../../emulator/presentation/item';
import { liveUpdateItems } from '../../emulator/presentation/live-update';
import { machineItems } from '../../emulator/presentation/machine';
import { processScope } from '../../emulator/presentation/process';
import { errorsOf } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { processOf } from '../../emulator/runtime/host/scenario-process';
import type { Host } from '../../emulator/runtime/host/host';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { examples, programOf } from '../support/programs';
import { inRepository } from '../support/repository';

/** Of a collection so many are looked at. */
const MOST = 20;

/** The values of a tree by path, down to `depth`. Rows of bytes and configuration spaces stay folded. */
function look(children: Children, depth: number, path = '', into = new Map<string, string>()): Map<string, string> {
    const { indexed } = children;
    const items: Item[] = [...namedItems(children)];
    for (let i = 0; indexed && i < Math.min(indexed.count, MOST); i++) {
        items.push(indexed.item(i));
    }
    for (const item of items) {
        const at = `${path}/${keyOf(item)}`;
        assert.ok(!into.has(at), `two items have the path ${at}`);
        into.set(at, item.value);
        if (item.children && depth > 1 && item.name !== 'bytes' && item.name !== 'config') {
            look(item.children, depth - 1, at, into);
        }
    }
    return into;
}

function scopesOf(host: Host): Children {
    const scope = (name: string, named: () => readonly Item[]): Item => ({ name, value: '', children: { named } });
    return {
        named: () => [
            { name: 'Process', value: '', children: processScope(host, processOf(host.interpreter.current)) },
            scope('Live Update', () => liveUpdateItems(host)),
            scope('Handover', () => handoverItems(memoryOf(host.machine), host.kernel?.kho)),
            scope('Machine', () => machineItems(host)),
        ],
    };
}

/** What has another value in the second look, is gone or is new, by path. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
    return [...new Set([...before.keys(), ...after.keys()])]
        .filter((path) => before.get(path) !== after.get(path))
        .map((path) => `${path}: ${before.get(path) ?? 'nothing'} → ${after.get(path) ?? 'nothing'}`);
}

/** Runs to the statement that begins with this text. */
function stopBefore(host: Host, text: string): void {
    for (;;) {
        host.interpreter.step('in');
        const stop = host.interpreter.run(1_000_000);
        assert.equal(stop?.reason, 'step', text);
        const place = host.interpreter.current.top && placeOf(host.interpreter.current.top);
        const file = place && host.declarations.program.files.get(place.uri);
        if (file?.text.slice(place?.start).startsWith(text)) {
            return;
        }
    }
}

/** Makes so many steps over calls; false where the run ends before. */
function stopAfter(host: Host, steps: number): boolean {
    for (let n = 0; n < steps && !host.interpreter.outcome; n++) {
        host.interpreter.step('next');
        host.interpreter.run(1_000_000);
    }
    return !host.interpreter.outcome;
}

suite('items', () => {
    test('every path leads to one item, at stops all over the examples', () => {
        let stops = 0;
        for (const [name, program] of examples()) {
            assert.deepEqual(errorsOf(program), [], name);
            const { host } = Run.start(program);
            for (let n = 0; n < 2 && stopAfter(host, 10 + 30 * n); n++) {
                assert.ok(look(scopesOf(host), 4).size > 10, name);
                stops++;
            }
        }
        assert.ok(stops > 30, `${stops} stops`);
    });

    test('every path of an image leads to one item', () => {
        const bytes = gunzipSync(readFileSync(inRepository('test/conformance/images/image-1.elf.gz')));
        // damage of one kind in many places: findings of one code
        const damaged = bytes.map((b, at) => (at % 0x1000 === 0x210 ? b ^ 0xff : b));
        for (const image of [bytes, damaged]) {
            const inspection = inspectFile(sourceOf(image));
            const items = [...imageLiveUpdate(inspection), ...imageHandover(inspection), ...imageMemory(inspection)];
            assert.ok(look({ named: () => items }, 6).size > 100);
        }
        const codes = inspectFile(sourceOf(damaged)).handover.findings.map((f) => f.code);
        assert.ok(new Set(codes).size < codes.length, codes.join(' '));
    });

    test('two looks tell what a call has changed, and nothing else', () => {
        const program = programOf(`
            scenario "s" {
                boot "7.2"
                process luod {
                    lu  = open("/dev/liveupdate")
                    vm1 = lu.create_session("vm-1")
                    one = memfd_create("same")
                    two = memfd_create("same")
                    two.truncate(128KiB)
                    one.close()
                    vm1.preserve_fd(two, token: 0x2)
                    exit
                }
            }
        `);
        assert.deepEqual(errorsOf(program), []);
        const { host } = Run.start(program);
        let before = new Map<string, string>();
        const changed = (text: string, below: string): string[] => {
            stopBefore(host, text);
            const now = look(scopesOf(host), 5);
            const found = changes(before, now).filter((c) => c.startsWith(below));
            before = now;
            return found;
        };
        changed('two.truncate', '/');
        assert.deepEqual(changed('one.close', '/Machine/files in memory'), [
            '/Machine/files in memory/inode 5: 0 bytes, 0 bytes allocated → 128 KiB, 0 bytes allocated',
        ]);
        // two files have one name: what is gone is the first, not the second
        assert.deepEqual(changed('vm1.preserve', '/Machine/files in memory'), [
            '/Machine/files in memory: 2 files → 1 file',
            '/Machine/files in memory/inode 4: 0 bytes, 0 bytes allocated → nothing',
            '/Machine/files in memory/inode 4/in scratch: 0 bytes → nothing',
            '/Machine/files in memory/inode 4/pinned: 0 bytes → nothing',
            '/Machine/files in memory/inode 4/frozen: no → nothing',
            '/Machine/files in memory/inode 4/first page: none → nothing',
        ]);
        const preserved = changed('exit', '/Live Update/outgoing sessions/');
        assert.deepEqual(preserved.slice(0, 3), [
            '/Live Update/outgoing sessions/"vm-1": 0 files, outgoing → 1 file, outgoing',
            '/Live Update/outgoing sessions/"vm-1"/blocks: no blocks → 1 block',
            '/Live Update/outgoing sessions/"vm-1"/token 0x2: nothing → memfd-v2, /memfd:same (deleted)',
        ]);
        assert.ok(preserved.slice(3).every((c) => c.includes(': nothing → ')));
    });

    test('looking changes nothing', () => {
        const [name = '', program] = [...examples()].find(([n]) => n === 'passthrough-guest.lus') ?? [];
        assert.ok(program, name);
        const { host } = Run.start(program);
        assert.ok(stopAfter(host, 30));
        const before = fingerprint(host);
        const first = look(scopesOf(host), 5);
        assert.deepEqual(changes(first, look(scopesOf(host), 5)), []);
        assert.equal(fingerprint(host), before);
    });
});
