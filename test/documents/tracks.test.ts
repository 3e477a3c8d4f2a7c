/** Examples whose systems have tracks of their own in a trace. */
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import { type TraceEvent, Tracer } from '../../emulator/trace/trace';
import { examples } from '../support/programs';
import { runToEnd } from '../support/runs';

const PROGRAMS = examples();

/** What all scenarios of a file have on the tracks of a name: states, marks and slices. */
function onTracks(file: string, track: RegExp): Set<string> {
    const program = PROGRAMS.get(file) ?? assert.fail(file);
    const events = program.scenarios.flatMap((s): TraceEvent[] => {
        const { host } = Run.start(program, { scenario: s.name.value });
        const tracer = new Tracer(host);
        host.listeners.report(tracer);
        runToEnd(host);
        const all = tracer.events();
        const tracks = new Set(
            all.flatMap((e) =>
                e.ph === 'M' && e.name === 'thread_name' && track.test(String(e.args['name']))
                    ? [`${e.pid} ${e.tid}`]
                    : [],
            ),
        );
        return all.filter((e) => e.ph !== 'M' && tracks.has(`${e.pid} ${e.tid}`));
    });
    return new Set(events.map((e) => e.name));
}

suite('tracks', () => {
    for (const [file, track, names] of [
        ['disk-requests.lus', /^disk0, queue$/, ['commands in flight']],
        [
            'model-on-gpu.lus',
            /^gpu0, memory$/,
            ['a reset clears 16.0 MiB', 'the device uses 64 KiB that a reset has cleared'],
        ],
        ['nic-three-ways.lus', /^nic0, driver$/, ['suspended', 'resumed']],
        ['nic-three-ways.lus', /^kernel$/, ['KSTATE: nic is of version 1, not 2']],
        ['confidential-guest.lus', /^guest$/, ['launched']],
        ['orphaned-guest.lus', /, vCPU 0$/, ['orphaned', 'running']],
        ['container-criu.lus', /^producer /, ['frozen']],
        ['container-criu.lus', /^container$/, ['handed over', 'preserve 0x100000000 memfd-v2']],
        [
            'tmpfs-state.lus',
            /^state$/,
            ['preserve 0x1 tmpfs-mnt-v1', 'retrieve 0x2 tmpfs-file-v1', 'retrieve 0x2 tmpfs-file-v1 fails with ENOSPC'],
        ],
    ] as const) {
        test(`${file}: ${track.source}`, () => {
            const found = onTracks(file, track);
            assert.deepEqual(
                names.filter((name) => !found.has(name)),
                [],
                [...found].join('\n'),
            );
        });
    }
});
