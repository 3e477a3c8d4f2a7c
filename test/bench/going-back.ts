/** How long going back takes, in processor time. */
import type { DataId } from '../../debug-adapter/data/data-id';
import { subjectOf } from '../../debug-adapter/data/subject';
import { loadProgram } from '../../emulator/run/load-program';
import { arrived, setBreakpoints, travelled, type Travelled } from '../support/timelines';
import { median, type Figure } from './figures';
import { cpuMs } from './stopwatch';

const URI = 'back.lus';
const SLICE = 10_000_000;
const STEPS = 60;
const ROUNDS = 5;
/** Operations. */
const BEGINNING = 10;
/** Statements of a round of the loop. */
const PER_ROUND = 4;

/** A loop of so many statements, a function that is never called, and something to step back over. */
function text(statements: number): string {
    return `fn never() { return 1 }
fn work(rounds) {
    n = 27
    i = 0
    while i < rounds {
        if n % 2 == 0 { n = n / 2 }
        n = n * 3 + 1
        i += 1
        if n > 1000 { n = 27 }
    }
    return n
}
scenario "s" {
    constant = 5
    a = work(${Math.ceil(statements / PER_ROUND / 2)})
    i = 0
    n = 27
    while i < ${Math.ceil(statements / PER_ROUND / 2)} {
        if n % 2 == 0 { n = n / 2 }
        n = n * 3 + 1
        i += 1
        if n > 1000 { n = 27 }
    }
    if a == n + 1 { never() }
}`;
}

function ran(statements: number): { readonly t: Travelled; readonly source: string } {
    const source = text(statements);
    const t = travelled(
        loadProgram({ read: (uri) => (uri === URI ? source : undefined) }, URI),
        {},
        { now: () => performance.now() },
    );
    while (!t.timeline.run(SLICE)) {
        // to the end
    }
    return { t, source };
}

function back(statements: number, name: string, most: number): Figure[] {
    const { t } = ran(statements);
    const { timeline } = t;
    const step = (): void => void arrived(timeline.stepBack('next', timeline.thread));
    const times = Array.from({ length: STEPS }, () => cpuMs(step));
    const { position } = timeline;
    // to the middle, out of the loop: over the call that is half of the run
    arrived(timeline.goTo(Math.floor(position / 2) + 100));
    const over = Array.from({ length: STEPS }, () => cpuMs(step));
    return [
        {
            name: `a step back, ${name} of history`,
            value: median(times),
            unit: 'ms',
            goal: { at: 'most', value: most },
            how: `median of ${STEPS} from the end`,
        },
        {
            name: '  the longest',
            value: Math.max(...over),
            unit: 'ms',
            goal: { at: 'most', value: most },
            how: `of ${STEPS} in the middle of the run, over a call that is half of it`,
        },
    ];
}

/** A breakpoint that never hits. */
interface Breakpoint {
    readonly name: string;
    set(t: Travelled, source: string): void;
}

function data(name: string, idOf: (t: Travelled) => DataId): Breakpoint {
    return {
        name,
        set: (t) => {
            const id = idOf(t);
            t.breakpoints.setData([
                { kind: 'data', dataId: '', name: id.name, access: 'changes', subject: subjectOf(id) },
            ]);
        },
    };
}

const NEVER: readonly Breakpoint[] = [
    {
        name: 'on a function that is not called',
        set: (t, source) => setBreakpoints(t, [{ uri: URI, start: source.indexOf('return 1'), every: 1 }]),
    },
    data('on memory', () => {
        return { of: 'bytes', name: 'memory', address: 2 ** 20, size: 8, shown: { as: 'unsigned' } };
    }),
    data('on the owner of a page', () => ({ of: 'pages', name: 'owner', pfn: 256, count: 1 })),
    data('on an expression', () => ({ of: 'row', name: 'sum', root: { expression: '1 + 1' }, path: ['1 + 1'] })),
    data('on a variable of a function', ({ host }) => ({
        of: 'row',
        name: 'constant',
        root: { expression: 'constant' },
        path: ['constant'],
        frame: { thread: host.interpreter.scenarioThread.id, index: 0, born: 0 },
    })),
];

/** Also over a stop at the beginning. */
function toTheEnd({ timeline, host }: Travelled): void {
    while (!host.interpreter.outcome) {
        timeline.run(SLICE);
    }
}

/** With breakpoints that are set at the end, so that nothing of them is known. */
function reverse(): Figure[] {
    const { t, source } = ran(10_000_000);
    const { timeline, breakpoints } = t;
    const { end } = timeline;
    const forwardWith = (set: () => void): number => {
        arrived(timeline.goTo(0));
        set();
        return cpuMs(() => toTheEnd(t));
    };
    const none = (): void => {
        setBreakpoints(t, []);
        breakpoints.setData([]);
    };
    return NEVER.flatMap(({ name, set }): Figure[] => {
        const rounds = Array.from({ length: ROUNDS }, () => {
            const plain = forwardWith(none);
            const forward = forwardWith(() => set(t, source));
            arrived(timeline.goTo(end));
            none();
            set(t, source);
            const backward = cpuMs(() => {
                arrived(timeline.runBack());
                // the variable gets its value there
                if (timeline.position > BEGINNING) {
                    throw new Error(`the breakpoint ${name} has hit`);
                }
            });
            return { plain, forward, backward };
        });
        return [
            {
                name: `reverse over ten million statements, a breakpoint ${name}`,
                value: median(rounds.map((r) => r.backward / r.forward)),
                unit: 'times',
                goal: { at: 'most', value: 2 },
                how: `of forward with it; median of ${ROUNDS}`,
            },
            {
                name: '  of forward without a breakpoint',
                value: median(rounds.map((r) => r.backward / r.plain)),
                unit: 'times',
            },
            {
                name: '  forward with it, of forward without',
                value: median(rounds.map((r) => r.forward / r.plain)),
                unit: 'times',
            },
        ];
    });
}

export function goingBack(): Figure[] {
    return [
        ...back(1_000_000, 'a million statements', 50),
        ...back(100_000_000, 'a hundred million statements', 100),
        ...reverse(),
    ];
}
