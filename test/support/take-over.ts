/** Boots an emulated kernel from an image of the small handover, and asks it for everything that should be in it. */
import type { HandoverView } from '../../emulator/handover/model';
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { SMALL_DECLARATIONS } from './small-handover';

/** Operations after which a run is taken to hang; an undamaged image needs a tenth of it. */
const BUDGET = 20_000_000;

export interface TakeOver {
    /** `passed`, `panic`, `failed` (an assertion or a call), or `hangs`. */
    readonly result: 'passed' | 'panic' | 'failed' | 'hangs';
    readonly message: string;
    readonly log: readonly string[];
}

const quoted = (text: string): string => JSON.stringify(text);
const plain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) && !/["\\]/.test(text);

/** What a scenario does with a handover in which nothing is wrong: every session and file is retrieved and finished. */
function everything(h: HandoverView): string {
    const sessions = (h.luo?.sessions ?? []).filter((s) => plain(s.name) && s.name !== '');
    return sessions
        .map(
            (s) => `
        s = lu.retrieve_session(${quoted(s.name)})
        ${s.files
            .map(
                (f) => `f = s.retrieve_fd(token: ${f.token})
        ${f.memfd ? `assert f.size == ${f.memfd.size}\n        n = f.pread(4096, at: 0)\n        assert n.length <= 4096` : ''}
        f.close()`,
            )
            .join('\n        ')}
        s.finish()
        s.close()`,
        )
        .join('\n');
}

/** What a scenario does with anything. */
const ANYTHING = `
        for name in ["session 0", "session 52", "many files", "large"] {
            s = try lu.retrieve_session(name)
            if s >= 0 {
                for token in 0..3 { f = try s.retrieve_fd(token: token) }
                f = try s.retrieve_fd(token: 0xffff_ffff_ffff_0001)
                if f >= 0 { n = try f.pread(1100KiB, at: 0) }
                r = try s.finish()
            }
        }`;

/** @param h what an inspection found, where everything in it should work; undefined: whatever comes is taken. */
export function takeOver(image: Uint8Array, h: HandoverView | undefined): TakeOver {
    const open = h ? 'lu = open("/dev/liveupdate")' : 'lu = open("/dev/liveupdate")  may fail EIO, ENOENT';
    const text = `${SMALL_DECLARATIONS}
    scenario "s" {
        boot "small" from image "made"
        process agent {
            ${open}
            ${h ? everything(h) : ANYTHING}
        }
    }`;
    const program = loadProgram(
        { read: (uri) => (uri === 'x.lus' ? text : undefined), readBytes: () => image },
        'x.lus',
    );
    const { host } = Run.start(program);
    const log: string[] = [];
    host.listeners.report({ log: (line) => log.push(line.text) });
    let panic = false;
    while (host.interpreter.ticks < BUDGET) {
        const stop = host.interpreter.run(1 << 20);
        if (stop?.reason === 'end' || (stop?.reason === 'exception' && stop.exception.fatal)) {
            const failure = host.interpreter.outcome?.failure;
            panic = failure?.kind === 'kernel-warning';
            return { result: !failure ? 'passed' : panic ? 'panic' : 'failed', message: failure?.message ?? '', log };
        }
    }
    return { result: 'hangs', message: '', log };
}
