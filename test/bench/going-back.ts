/** How long going back takes, and what it costs to be able to. */
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { arrived, setBreakpoints, travelled, type Travelled } from '../support/timelines';
import { median, type Figure } from './figures';

const URI = 'back.lus';
const SLICE = 50_000;
const STEPS = 60;
const ROUNDS = 5;
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

function ms(what: () => void): number {
    const begin = performance.now();
    what();
    return performance.now() - begin;
}

function back(statements: number, name: string, most: number): Figure[] {
    const { t } = ran(statements);
    const { timeline } = t;
    const step = (): void => void arrived(timeline.stepBack('next', timeline.thread));
    const times = Array.from({ length: STEPS }, () => ms(step));
    const { position } = timeline;
    // to the middle, out of the loop: over the call that is half of the run
    arrived(timeline.goTo(Math.floor(position / 2) + 100));
    const over = Array.from({ length: STEPS }, () => ms(step));
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

/** With a breakpoint that is set at the end, so that nothing of it is known. */
function reverse(): Figure {
    const { t, source } = ran(10_000_000);
    const { timeline } = t;
    const shares = Array.from({ length: ROUNDS }, () => {
        setBreakpoints(t, [{ uri: URI, start: source.indexOf('return 1'), every: 1 }]);
        const backward = ms(() => arrived(timeline.runBack()));
        const forward = ms(() => {
            while (!timeline.run(SLICE)) {
                // to the end
            }
        });
        return backward / forward;
    });
    return {
        name: 'reverse over ten million statements, share of forward time',
        value: median(shares),
        unit: 'times',
        goal: { at: 'most', value: 2 },
        how: 'a breakpoint that never hits',
    };
}

function history(): Figure {
    const program = loadProgram({ read: (uri) => (uri === URI ? text(5_000_000) : undefined) }, URI);
    const plain = (): number => {
        const { host } = Run.start(program);
        return ms(() => {
            while (!host.interpreter.run(SLICE)) {
                // to the end
            }
        });
    };
    const kept = (): number => {
        const { timeline } = travelled(program, {}, { now: () => performance.now() });
        return ms(() => {
            while (!timeline.run(SLICE)) {
                // to the end
            }
        });
    };
    const pairs = Array.from({ length: ROUNDS }, () => [kept(), plain()] as const);
    return {
        name: 'history, of forward time',
        value: (Math.min(...pairs.map(([k]) => k)) / Math.min(...pairs.map(([, p]) => p)) - 1) * 100,
        unit: '%',
        goal: { at: 'most', value: 10 },
        how: `best of ${ROUNDS} with and without`,
    };
}

export function goingBack(): Figure[] {
    return [
        ...back(1_000_000, 'a million statements', 50),
        ...back(100_000_000, 'a hundred million statements', 100),
        reverse(),
        history(),
    ];
}
