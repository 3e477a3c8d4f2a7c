/**
 * Mistakes that are made on purpose, in the kernel code and in system calls: generated runs notice each of them. What
 * nothing notices would not be proved by the generated runs either.
 */
import assert from 'node:assert/strict';
import { PAGES_4K } from '../../emulator/machine/arch';
import { checkStd } from '../../emulator/language/check/check';
import { KERNEL_NATIVES } from '../../emulator/runtime/natives/tracepoints';
import type { Value } from '../../emulator/language/types';
import type { Host } from '../../emulator/runtime/host/host';
import { LIBRARY_7_2 } from '../../emulator/kernel/release/descriptions';
import { Err } from '../../emulator/kernel/release/errno';
import { SEEK_END, SEEK_HOLE } from '../../emulator/kernel/fs/fcntl';
import { Bytes } from '../../emulator/machine/bytes';
import type { standardLibrary } from '../../emulator/runtime/standard-library';
import { LIBRARY_SOURCES } from '../../emulator/std/texts';
import { differenceIn, generated, type Generated } from '../support/generated-runs';

/** A fault that so many runs do not find is one that the generator does not reach. */
const PATIENCE = 5000;

/** The runs by their seeds: each fault begins with the same ones. */
const runs: Generated[] = [];

/** Kernel code with a mistake in it. @param file of the standard library */
function broken(file: string, from: string, to: string): typeof standardLibrary {
    const uri = `lus-std:/${file}`;
    const text = LIBRARY_SOURCES.get(uri) ?? '';
    assert.equal(text.split(from).length, 2, `"${from}" is in ${file} once`);
    const release = LIBRARY_7_2.map((name) => `lus-std:/${name}.lus`).map((u) => ({
        uri: u,
        text: u === uri ? text.replace(from, to) : (LIBRARY_SOURCES.get(u) ?? ''),
    }));
    assert.ok(
        release.some((f) => f.uri === uri),
        `${file} is part of the recorded kernel`,
    );
    const program = checkStd(release, KERNEL_NATIVES, PAGES_4K);
    return () => program;
}

function noticed(standard?: typeof standardLibrary): void {
    for (let seed = 0; seed < PATIENCE; seed++) {
        if (differenceIn((runs[seed] ??= generated(seed)), standard) !== undefined) {
            return;
        }
    }
    assert.fail(`${PATIENCE} runs do not notice it`);
}

suite('a fault in the kernel code is caught', () => {
    const faults: readonly (readonly [string, string, string, string])[] = [
        ['a file that could not be preserved stays taken', 'luo.lus', '    undo { luo.unclaim(id) }\n', ''],
        [
            'a file that could not be preserved keeps its FLBs',
            'luo.lus',
            '    undo { luo_flb_file_unpreserve(handler) }\n',
            '',
        ],
        ['a token can be taken twice', 'luo.lus', '    if session.has_token(token) { return -EEXIST }\n', ''],
        ['a session can be retrieved twice', 'luo.lus', '    if session.retrieved { return -EINVAL }\n', ''],
        ['a failed retrieve is tried again', 'luo.lus', '        luo_file.retrieve_status = r\n', ''],
        ['the file that failed to freeze is thawed as well', 'luo.lus', 'done = i + 1', 'done = i + 2'],
        [
            'sessions before the one that failed stay frozen',
            'luo.lus',
            '    luo_unfreeze_session(session, session.files.length)\n',
            '',
        ],
        [
            'a veto does not keep a session from being finished',
            'luo.lus',
            '{ return -EBUSY }\n        }\n    }\n    // Finishes',
            '{ log("") }\n        }\n    }\n    // Finishes',
        ],
        [
            'a session whose retrieval could not be answered is not dropped',
            'luo.lus',
            '    // If the reply faults, the file is dropped; the release of a retrieved session finishes it, and its data is lost.\n    undo { fput(file) }\n',
            '',
        ],
        [
            'a name that is refused takes no room',
            'luo.lus',
            '    luo.outgoing.blocks.grow(luo.outgoing.length + 1)\n    luo.outgoing.insert(session)\n',
            '    luo.outgoing.insert(session)\n    luo.outgoing.blocks.grow(luo.outgoing.length)\n',
        ],
        ['an FLB is handed over with one reference', 'luo-flb.lus', 'entry.count = flb.out_count', 'entry.count = 1'],
        [
            'the position is that of the time of preserving',
            'memfd.lus',
            '        ser = at(memfd_luo_ser, args.serialized_data)\n        ser.pos = args.file.pos\n',
            '',
        ],
        ['seals are lost', 'memfd.lus', '        file.add_seals(ser.seals)\n', ''],
        [
            'a file that is given back stays frozen',
            'memfd.lus',
            '        inode.frozen = false\n        ser = at',
            '        ser = at',
        ],
        ['holes are filled with what lay in memory', 'memfd-folios.lus', '            folio.mark_uptodate()\n', ''],
        [
            'what a freeze changed is forgotten',
            'luo.lus',
            '            if r == 0 { luo_file.serialized_data = args.serialized_data }\n',
            '',
        ],
    ];
    for (const [what, file, from, to] of faults) {
        test(what, () => noticed(broken(file, from, to))).timeout(240_000);
    }
});

suite('a fault in a system call is caught', () => {
    /** Lets a method of descriptors work with other arguments, or give another result. */
    function breaking(name: string, change: (call: () => Value | Err, args: Value[]) => Value | Err): void {
        const method = KERNEL_NATIVES.fd.methods.get(name);
        const call = method?.call;
        assert.ok(method && call, name);
        Object.defineProperty(method, 'call', {
            configurable: true,
            value: (host: Host, args: Value[]) => change(() => call(host, args), args),
        });
        try {
            noticed();
        } finally {
            Object.defineProperty(method, 'call', { configurable: true, value: call });
        }
    }

    test('a hole is never found', () =>
        breaking('lseek', (call, args) => {
            args[2] = args[2] === SEEK_HOLE ? SEEK_END : args[2];
            return call();
        })).timeout(240_000);

    test('what is written beyond the end of a frozen file is dropped silently', () =>
        breaking('pwrite', (call, args) => {
            const r = call();
            const [, data] = args;
            return r instanceof Err && r.name === 'EPERM' && data instanceof Bytes ? data.length : r;
        })).timeout(240_000);

    test('a hole that is punched leaves the last byte', () =>
        breaking('punch', (call, args) => {
            args[2] = typeof args[2] === 'number' && args[2] > 1 ? args[2] - 1 : args[2];
            return call();
        })).timeout(240_000);

    test('a copy of a descriptor is not made', () => breaking('dup', (_call, args) => args[0] as Value)).timeout(
        240_000,
    );
});
