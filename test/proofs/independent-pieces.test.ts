/**
 * The order of two independent pieces does not matter: both orders lead to the same state (see reduction.ts). In random
 * programs, any two pieces of two threads that can be executed one after the other are executed in both orders.
 */
import assert from 'node:assert/strict';
import { Course } from '../../emulator/explore/course';
import { together } from '../../emulator/explore/profiles';
import { inConflict } from '../../emulator/explore/reduction';
import type { Deviation } from '../../emulator/language/choice';
import type { Program } from '../../emulator/language/program';
import { SCHEDULE } from '../../emulator/machine/chooser';
import type { Choice } from '../../emulator/run/choices';
import type { Checkpoint } from '../../emulator/runtime/stop';
import type { Piece } from '../../emulator/runtime/touching/touches';
import { agents, AGENTS_HEAD } from '../support/agents';
import { correctProgram } from '../support/programs';
import { Random } from '../support/random';

/** The number of random programs; the environment variable LUS_PROGRAMS overrides it. */
const PROGRAMS = Number(process.env['LUS_PROGRAMS'] ?? 100);
/** Random courses of each program. */
const COURSES = 3;
const LIMIT = 5e6;

/** The result of the execution of two pieces. */
interface Done {
    readonly pieces: readonly (readonly Piece[])[];
    readonly state: number;
    /** Whether the threads have continued in the requested order. */
    readonly inOrder: boolean;
}

class Pairs {
    private readonly course: Course;
    private readonly start: Checkpoint;
    independent = 0;
    inConflict = 0;

    constructor(program: Program, scenario: string) {
        this.course = new Course(program, { scenario }, together([{ orders: true }]));
        this.start = this.course.host.interpreter.checkpoint();
    }

    /** Follows a random course, and compares both orders of any two pieces at each choice. */
    compareAll(random: Random, text: string): void {
        const { course } = this;
        const { interpreter } = course.host;
        const { decider } = course;
        const { start } = this;
        decider.stops = true;
        const way: Deviation[] = [];
        for (let at = 0; ; ) {
            interpreter.restore(start);
            const choice = this.next(way, at);
            if (!choice) {
                return;
            }
            at = choice.at + 1;
            const names = choice.alternatives;
            const current = names[choice.usual] ?? '';
            const before = this.checkpointBefore(way, choice.at);
            for (const first of names) {
                for (const second of names) {
                    if (first < second) {
                        this.compare(before, way, choice, first, second, current, text);
                    }
                }
            }
            way.push({ what: SCHEDULE, number: choice.number, pick: random.pick([...names]) });
        }
    }

    /** The next choice between processes after a position. */
    private next(way: readonly Deviation[], from: number): Choice | undefined {
        const { decider, host } = this.course;
        decider.replay(way);
        decider.follow([], 0);
        while (!host.interpreter.outcome && host.interpreter.ticks < LIMIT) {
            host.interpreter.run(LIMIT);
            const found = decider.made.find((c) => c.at >= from && c.what === SCHEDULE);
            if (found) {
                return found;
            }
        }
        return undefined;
    }

    private checkpointBefore(way: readonly Deviation[], at: number): Checkpoint {
        const { decider, host } = this.course;
        const { interpreter } = host;
        interpreter.restore(this.start);
        decider.replay(way);
        decider.follow([], 0);
        while (interpreter.ticks < at) {
            interpreter.run(at - interpreter.ticks);
        }
        return interpreter.checkpoint();
    }

    private compare(
        before: Checkpoint,
        way: readonly Deviation[],
        { number }: Choice,
        first: string,
        second: string,
        then: string,
        text: string,
    ): void {
        const a = this.execute(before, way, number, [first, second, then]);
        const b = this.execute(before, way, number, [second, first, then]);
        const [one] = a?.pieces[0] ?? [];
        const [other] = b?.pieces[0] ?? [];
        // if only one process can continue, there is no choice, and it executes more than one piece
        const single = [...(a?.pieces ?? []), ...(b?.pieces ?? [])].every((p) => p.length === 1);
        if (!a?.inOrder || !b?.inOrder || !one?.whole || !other?.whole || !single) {
            return;
        }
        if (inConflict(one, other)) {
            this.inConflict++;
            return;
        }
        this.independent++;
        const told = [one, other].map(
            (p) => `${p.by} ${p.number}: reads ${[...p.reads].join()}; writes ${[...p.writes].join()}`,
        );
        assert.equal(a.state, b.state, `schedule #${number}: ${told.join('\n')}\n${text}`);
    }

    /** @param names the processes that continue at the choice, at the next one, and at the one after it */
    private execute(
        before: Checkpoint,
        way: readonly Deviation[],
        number: number,
        names: readonly string[],
    ): Done | undefined {
        const { course } = this;
        const { decider, host } = course;
        const { interpreter, touches } = host;
        interpreter.restore(before);
        decider.replay([...way, ...names.map((pick, i) => ({ what: SCHEDULE, number: number + i, pick }))]);
        const pieces: Piece[][] = [];
        let inOrder = true;
        for (const name of names) {
            decider.follow([], 0);
            touches?.take();
            do {
                interpreter.run(LIMIT);
            } while (!decider.stopped && !interpreter.outcome && interpreter.ticks < LIMIT);
            if (!decider.stopped) {
                return undefined;
            }
            pieces.push([...(touches?.take() ?? [])]);
            const made = decider.made.find((c) => c.what === SCHEDULE);
            inOrder &&= made?.alternatives[made.picked] === name;
        }
        return { pieces: pieces.slice(1), state: course.state(), inOrder };
    }
}

suite('independent pieces', function () {
    this.timeout(3_600_000);

    test('lead to the same state in both orders', () => {
        let independent = 0;
        let conflicts = 0;
        const texts = Array.from({ length: PROGRAMS }, (_, seed) =>
            agents(String(seed), new Random(seed), {
                processes: 2 + (seed % 2),
                calls: 3,
                plain: seed % 3 === 0,
                reboots: seed % 5 === 0,
            }),
        );
        const program = correctProgram(AGENTS_HEAD + texts.join('\n'));
        texts.forEach((text, seed) => {
            const pairs = new Pairs(program, String(seed));
            for (let course = 0; course < COURSES; course++) {
                pairs.compareAll(new Random(seed * COURSES + course), text);
            }
            independent += pairs.independent;
            conflicts += pairs.inConflict;
        });
        assert.ok(independent > 3 * PROGRAMS, `${independent} pairs`);
        console.log(`      ${independent} pairs in both orders; ${conflicts} pairs are in conflict`);
    });
});
