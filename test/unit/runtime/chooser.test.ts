/** The choices of a run: a test makes them all, one after the other, and sees all that can happen. */
import assert from 'node:assert/strict';
import { type Choice, ListedChooser, SCHEDULE, SeededChooser, TIMER } from '../../../emulator/machine/chooser';
import { Clock, type Timer } from '../../../emulator/machine/clock';
import { Journal } from '../../../emulator/machine/journal';
import { Run } from '../../../emulator/run/run';
import { programOf } from '../../support/programs';

const FOREVER = 1e9;

interface Way {
    readonly log: string;
    readonly made: readonly Choice[];
}

/** Runs a scenario as a list says, and behind its end by first alternatives. */
function goes(text: string, picks: readonly number[]): Way {
    const choosers: ListedChooser[] = [];
    const { host } = Run.start(programOf(text), {
        chooser: (journal) => {
            const chooser = new ListedChooser(journal, picks);
            choosers.push(chooser);
            return chooser;
        },
    });
    const log: string[] = [];
    host.listeners.report({ log: (line) => void (line.level === 'log' && log.push(line.text)) });
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    return { log: log.join(' '), made: choosers.flatMap((c) => c.made.items) };
}

/** All ways that a scenario can go, each alternative of each choice tried. */
function allWays(text: string): Way[] {
    const ways: Way[] = [];
    for (let picks: number[] | undefined = []; picks; ) {
        const way = goes(text, picks);
        ways.push(way);
        const last = way.made.findLastIndex((c) => c.picked + 1 < c.alternatives);
        picks = last < 0 ? undefined : way.made.slice(0, last + 1).map((c, i) => c.picked + (i === last ? 1 : 0));
    }
    return ways;
}

suite('choices', () => {
    test('every order of two processes that can be is found, and no other', () => {
        const ways = allWays(`scenario "s" {
            boot "7.2"
            process a, b
            concurrently {
                a { memfd_create("x"); log("a0"); memfd_create("x"); log("a1") }
                b { memfd_create("x"); log("b0") }
            }
        }`);
        assert.deepEqual([...new Set(ways.map((w) => w.log))].sort(), ['a0 a1 b0', 'a0 b0 a1', 'b0 a0 a1']);
        assert.ok(ways.every((w) => w.made.every((c) => c.name === SCHEDULE)));
    });

    test('an injection that is due strikes, or spares the call and is due at the next one', () => {
        const ways = allWays(`
            file f at "/dev/f" { }
            handler h "f-v1" for f {
                can_preserve(file) { return file.kind == f }
                preserve(args) { args.serialized_data = 1 }
                unpreserve(args) { }
                retrieve(args) { args.file = new f() }
                finish(args) { }
            }
            kernel "k" from "7.2" { handlers + h }
            scenario "s" {
                boot "k"
                inject EIO into h.preserve
                process p {
                    s = open("/dev/liveupdate").create_session("s")
                    for i in 0..2 {
                        r = try s.preserve_fd(open("/dev/f"), token: i)
                        log(r == 0)
                    }
                }
            }`);
        assert.deepEqual(
            ways.map((w) => w.log),
            ['false true', 'true false', 'true true'],
        );
        assert.deepEqual(ways[1]?.made, [
            { name: 'injection into h.preserve', alternatives: 2, picked: 1 },
            { name: 'injection into h.preserve', alternatives: 2, picked: 0 },
        ]);
    });

    test('of timers that are due at the same moment any may come first', () => {
        const orders = [[], [1], [2], [0, 1], [1, 1], [2, 1]].map((picks) => {
            const journal = new Journal();
            const clock = new Clock(journal);
            clock.chooser = new ListedChooser(journal, picks);
            const fired: number[] = [];
            for (const i of [0, 1, 2]) {
                const timer: Timer & { at: number } = {
                    at: 5,
                    label: 'timer',
                    fire: () => {
                        fired.push(i);
                        timer.at = Infinity;
                    },
                };
                clock.add(timer);
            }
            clock.advance(5);
            return fired.join('');
        });
        assert.deepEqual(orders, ['012', '102', '201', '021', '120', '210']);
    });

    test('a list that is of another run is refused', () => {
        assert.throws(() => new ListedChooser(new Journal(), [2]).pick(TIMER, 2), RangeError);
    });

    test('going back takes draws back; a seed draws schedules only', () => {
        const journal = new Journal();
        const chooser = new SeededChooser(journal, 7);
        const draws = (): number[] => Array.from({ length: 20 }, () => chooser.pick(SCHEDULE, 5));
        const mark = journal.mark();
        const first = draws();
        assert.ok(new Set(first).size > 2);
        assert.equal(chooser.pick(TIMER, 5), 0);
        journal.restore(mark);
        assert.deepEqual(draws(), first);
    });
});
