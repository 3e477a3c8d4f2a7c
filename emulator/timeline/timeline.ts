/**
 * Going over known ground: back to any position that a run has been at, and forward again. A position is the number of
 * operations executed up to there, which says all: what the user changes on the way is made again, checkpoints are but
 * a cache, and breakpoints are no part of them. Going over known ground tells nobody anything twice.
 */
import type { Host } from '../runtime/host/host';
import type { Interpreter } from '../runtime/interpreter';
import type { Place } from '../findings/place';
import { type Frame, placeOf, type Thread } from '../runtime/code';
import type { StepKind, Stop } from '../runtime/stop';
import { Changes, type Change } from './changes';
import { Checkpoints, type Kept, type Stacks } from './checkpoints';
import { DataWatch } from './data-watch';
import { Findings, type Found } from './findings';
import { type Future, isIn, type Mark } from './futures';
import { Goal } from './goal';
import { type Beyond, Ground } from './ground';
import { KnownStops } from './known-stops';
import { Nearest } from './nearest';
import { Pace, NEAR } from './pace';
import { Past } from './past';
import { Scan } from './scan';
import type { Passing, Traps } from './traps';
import type { Travel } from './travel';

/** Milliseconds in a slice. */
const SLICE = 5;
/** Nanoseconds of the machine after which the time is looked at, too: what takes long there may take long here. */
const LONG = 1e6;

export interface TimelineOptions {
    /** How much memory going back may take. Bytes; at least the beginning is kept. */
    readonly budget: number;
    /**
     * A clock that says how long something takes, in milliseconds. It decides on where checkpoints lie, nothing else.
     */
    readonly now: () => number;
    readonly traps: Traps;
}

/** A change, and the future that it has cut off. */
interface Cut {
    readonly change: Change;
    readonly future: Future;
    /** How many changes were made before, and those that were still to come. */
    readonly made: number;
    readonly later: readonly Change[];
    readonly told: number;
    readonly toldTime: number;
    readonly ground: Beyond;
    readonly findings: readonly Found[];
}

export class Timeline {
    readonly ground: Ground;
    readonly findings: Findings;
    private readonly interpreter: Interpreter;
    private readonly checkpoints: Checkpoints;
    private readonly changes: Changes;
    private readonly cuts: Cut[] = [];
    private readonly stops = new KnownStops();
    private readonly pace = new Pace();
    private current: Future = { before: null, from: 0 };
    /** Up to which position the outside has been told everything, and the time there. */
    private told = 0;
    private toldTime = 0;
    private reporting = true;
    private passing: Passing = 'forward';
    /** The run has stopped where it is, and whoever has a breakpoint there knows. */
    private stands = false;
    /** What a search has come by. */
    private scanning: Scan | null = null;
    /** Breakpoints count that were not there from the beginning on. */
    private uncounted = false;
    /** How often there were other breakpoints than before. */
    private trapChanges = 0;
    private readonly data: DataWatch;
    /** Searches in what has run so far. */
    readonly past: Past;

    /** @param host stands at the beginning of its run */
    constructor(
        private readonly host: Host,
        private readonly options: TimelineOptions,
    ) {
        const { interpreter, machine, listeners } = host;
        this.interpreter = interpreter;
        this.checkpoints = new Checkpoints(interpreter, machine.journal, options.budget);
        this.changes = new Changes(host);
        this.ground = new Ground(interpreter);
        this.findings = new Findings(host.interpreter);
        listeners.report(this.ground);
        listeners.report(this.findings);
        interpreter.onTrap = (frame) => this.trapped(frame);
        this.data = new DataWatch(host, options.traps, {
            passing: () => this.passing,
            isNews: () => this.position >= this.told,
            stopsHere: () => this.scanning?.stopsHere(),
        });
        this.past = new Past(host, this.checkpoints, this.data, {
            position: () => this.position,
            end: () => this.told,
            setBackTo: (kept) => this.setBackTo(kept),
            over: (position) => this.over(position, 'again'),
            goTo: (position) => this.goTo(position),
        });
        machine.clock.onAlarm = () => interpreter.giveWay();
        this.keep();
    }

    // ------------------------------------------------------------ where the run is

    get position(): number {
        return this.interpreter.ticks;
    }

    /** The furthest position that it has been at, in this future. */
    get end(): number {
        return this.told;
    }

    /** The time there, in nanoseconds of the machine's clock. */
    get endTime(): number {
        return this.toldTime;
    }

    get inThePast(): boolean {
        return this.position < this.told;
    }

    get future(): Future {
        return this.current;
    }

    /** The thread that runs. */
    get thread(): Thread {
        return this.interpreter.current;
    }

    /** The number of the boot of the machine, 0 for the first. */
    get boot(): number {
        return this.host.boot;
    }

    /** The statement that it stands at, or in. */
    get place(): Place | undefined {
        const frame = this.interpreter.current.top;
        return frame && placeOf(frame);
    }

    /** What going back takes: bytes, an estimate, and checkpoints. */
    get kept(): { readonly bytes: number; readonly checkpoints: number } {
        return { bytes: this.checkpoints.bytes, checkpoints: this.checkpoints.count };
    }

    mark(): Mark {
        return { at: this.position, future: this.current };
    }

    /** Whether one can go to a mark: nothing has cut it off. */
    reaches(mark: Mark): boolean {
        return isIn(mark, this.current);
    }

    // ------------------------------------------------------------ forward

    /**
     * Executes at most `budget` operations, as {@link Interpreter.run} does, over known ground too. Some of them may be
     * left when it returns null.
     */
    run(budget: number): Stop | null {
        const first = this.position + (this.stands ? 1 : 0);
        this.stands = false;
        const stop = this.advance(budget, 'forward');
        if (!stop) {
            this.stops.passed(first, this.position - 1, false);
            return null;
        }
        const ids = [...this.data.stopsHere, ...this.stand()];
        this.stops.passed(first, this.position, ids.length > 0);
        return stop.reason === 'breakpoint' ? { ...stop, ids: [...new Set([...stop.ids, ...ids])] } : stop;
    }

    /** The run stands where it is, and goes on from here. @returns the breakpoints that are here */
    stand(): readonly number[] {
        this.interpreter.markStopped();
        this.stands = true;
        return this.look();
    }

    // ------------------------------------------------------------ going to a position

    /** Goes to a position. Beyond what is known it is told as ever, and ends where the run does. */
    *goTo(position: number): Travel<void> {
        yield* this.reach(position);
        this.stand();
    }

    private *reach(position: number): Travel<void> {
        if (position < this.position) {
            this.setBackTo(this.checkpoints.upTo(position, Infinity));
        }
        yield* this.over(position, 'again');
    }

    /** Goes to where a search for stops has ended. @returns the breakpoints that stop there */
    private *stopAt(position: number): Travel<readonly number[]> {
        if (this.data.any && position > 0) {
            yield* this.reach(position - 1);
            this.advance(1, 'search');
        } else {
            yield* this.reach(position);
        }
        return [...this.data.stopsHere, ...this.stand()];
    }

    /** Goes to where a frame was entered: its first statement. @param index of the frame on its thread, from 0 */
    *restart(thread: Thread, index: number): Travel<void> {
        const { id } = thread;
        const born = thread.frames[index]?.born ?? 0;
        yield* this.goTo(born);
        const entered = (): boolean => {
            const { current, atStatement } = this.interpreter;
            return (
                atStatement && current.id === id && current.frames.length === index + 1 && current.top?.born === born
            );
        };
        while (!entered() && !this.interpreter.outcome) {
            this.interpreter.goAlong({ reaches: entered, executes: () => undefined, jumps: () => undefined });
            this.advance(Infinity, 'again');
            yield;
        }
        this.interpreter.endStep();
        this.stand();
    }

    /** Goes to the statement in which the run came to a position. */
    *goToStatement(position: number): Travel<void> {
        yield* this.goTo(position);
        const any = new Goal(this.interpreter, 'any', this.interpreter.current, this.ground);
        yield* this.search(any, false);
    }

    // ------------------------------------------------------------ going back

    /**
     * Goes back to where a step backwards ends: the last statement at which one forwards would stop, or whatever stops
     * the run on the way.
     * @returns why it stands there; null: at the beginning, before which there is nothing
     */
    *stepBack(
        kind: Exclude<StepKind, 'any'>,
        thread: Thread,
        lineOf?: (thread: Thread) => string,
    ): Travel<Stop | null> {
        const { id } = thread;
        yield* this.prepare();
        const { threads, current } = this.interpreter;
        const goal = new Goal(this.interpreter, kind, threads.find((t) => t.id === id) ?? current, this.ground, lineOf);
        return yield* this.search(goal, true);
    }

    /** Goes back to the last place where something would have stopped the run; null: there is none, and it begins. */
    *runBack(): Travel<Stop | null> {
        yield* this.prepare();
        return yield* this.search(null, true);
    }

    /** Whether {@link prepare} has to go over the run again. */
    get recounts(): boolean {
        return this.uncounted;
    }

    /** Has to be gone through before the run goes on after {@link trapsChanged}. */
    *prepare(): Travel<void> {
        if (this.uncounted) {
            const { position } = this;
            this.checkpoints.forget();
            this.setBackTo(this.checkpoints.upTo(0, Infinity));
            yield* this.over(position, 'again');
            this.stand();
            this.uncounted = false;
        }
    }

    /** There are other breakpoints. @param uncounted one of them counts, and was not there from the beginning on */
    trapsChanged(uncounted: boolean): void {
        this.stops.reset();
        this.trapChanges++;
        this.uncounted ||= uncounted && this.position > 0;
    }

    /** @param stops whatever stops a run counts, too, not the goal only */
    private *search(goal: Goal | null, stops: boolean): Travel<Stop | null> {
        const { interpreter, checkpoints, ground } = this;
        const { trapChanges, position: now } = this;
        const raised = stops ? ground.exceptionBefore(now, interpreter.filters) : undefined;
        const nearest = new Nearest(raised?.at, stops ? this.stops.lastBefore(now) : undefined);
        let unknown = stops && this.options.traps.any ? this.stops.unknownBefore(now) : -1;
        let stacks: Stacks = {
            current: interpreter.current,
            turns: interpreter.scheduler.threads,
            of: (t) => t.frames,
        };
        // what data breakpoints stop at is behind an operation, which belongs to the range before it
        const edge = stops && this.data.any ? 1 : 0;
        let last = now - 1;
        for (let end = now; !nearest.isFound(end); ) {
            let kept = checkpoints.before(end);
            if (!kept) {
                break;
            }
            if (goal && end - kept.at > 2 * NEAR && !goal.skips(stacks, kept.at, end)) {
                kept = yield* this.nearer(kept, end);
            }
            const first = kept.at === 0 ? 0 : kept.at + edge;
            const isUnknown = first <= unknown;
            if (isUnknown || (goal && !goal.skips(stacks, kept.at, end))) {
                this.setBackTo(kept);
                const scan = yield* this.scan(last, goal, isUnknown);
                nearest.add(scan);
                if (isUnknown) {
                    if (trapChanges === this.trapChanges) {
                        this.stops.searched(
                            first,
                            last + 1,
                            scan.stops.filter((s) => s >= first),
                        );
                    }
                    unknown = first - 1;
                }
            }
            stacks = kept;
            end = kept.at;
            last = first - 1;
        }
        const { position } = nearest;
        const found = yield* this.stopAt(position ?? 0);
        if (position === undefined) {
            return null;
        }
        const thread = interpreter.current;
        if (raised && position === raised.at) {
            return { reason: 'exception', thread, exception: raised.exception };
        }
        const ids = stops ? found : [];
        return ids.length > 0 ? { reason: 'breakpoint', thread, ids } : { reason: 'step', thread };
    }

    /** Executes the run from a checkpoint to a position again and keeps more checkpoints. @returns the last of them */
    private *nearer(kept: Kept, position: number): Travel<Kept> {
        this.setBackTo(kept);
        this.pace.forSearch = true;
        try {
            yield* this.over(position, 'again');
        } finally {
            this.pace.forSearch = false;
        }
        return this.checkpoints.before(position) ?? kept;
    }

    /**
     * Goes over known ground from here to a position.
     * @param stops whether breakpoints are looked for
     */
    private *scan(last: number, goal: Goal | null, stops: boolean): Travel<Scan> {
        const { interpreter } = this;
        const scan = new Scan(interpreter, goal);
        this.scanning = scan;
        const passing = stops ? 'search' : 'again';
        const lookAround = (): void => {
            this.passing = passing;
            interpreter.hearTrap();
            if (interpreter.atStatement) {
                scan.reaches();
            }
        };
        try {
            lookAround();
            if (goal) {
                interpreter.goAlong(scan);
            }
            yield* this.over(last, passing);
            lookAround();
            return scan;
        } finally {
            interpreter.endStep();
            this.scanning = null;
        }
    }

    // ------------------------------------------------------------ changes

    /**
     * The user changes the run where it stands. What has come after it is cut off.
     * @param make does it; of the run it refers to nothing but by name, place or number. Where it throws nothing
     * changed
     * @returns what it gives, and whether something was cut off
     */
    change<T>(text: string, make: (host: Host) => T): { readonly result: T; readonly cutsOff: boolean } {
        const at = this.position;
        const result = make(this.host);
        const change = { at, text, make };
        const { made } = this.changes;
        this.past.cut(at);
        this.cuts.push({
            change,
            future: this.current,
            made,
            later: this.changes.add(change),
            told: this.told,
            toldTime: this.toldTime,
            ground: this.ground.cut(at),
            findings: this.findings.cut(at),
        });
        const cutsOff = at < this.told;
        this.current = { before: this.current, from: at };
        this.told = at;
        this.toldTime = this.host.machine.clock.now;
        this.stops.cut(at);
        this.data.invalidate();
        return { result, cutsOff };
    }

    /** The last change that can be undone. */
    get lastChange(): Change | undefined {
        return this.cuts.at(-1)?.change;
    }

    /** Takes the last change back: goes to where it was made, with the future that it has cut off. */
    *undo(): Travel<void> {
        const cut = this.cuts.pop();
        if (!cut) {
            return;
        }
        const { at } = cut.change;
        this.changes.replaceFrom(cut.made, cut.later);
        this.current = cut.future;
        this.told = cut.told;
        this.toldTime = cut.toldTime;
        this.ground.cut(at);
        this.ground.rejoin(cut.ground);
        this.past.cut(at);
        this.findings.cut(at);
        this.findings.rejoin(cut.findings);
        this.stops.cut(at);
        if (this.position > at || this.changes.made > cut.made) {
            this.setBackTo(this.checkpoints.upTo(at, cut.made));
        }
        yield* this.over(at, 'again');
        this.stand();
    }

    // ------------------------------------------------------------ executing

    private *over(position: number, passing: Passing): Travel<void> {
        while (this.position < position && !this.interpreter.outcome) {
            this.advance(position - this.position, passing);
            yield;
        }
    }

    /** Executes at most `budget` operations, for about the time of a slice. */
    private advance(budget: number, passing: Passing): Stop | null {
        const limit = this.position + budget;
        const begin = this.options.now();
        let stop: Stop | null = null;
        do {
            stop = this.chunk(limit - this.position, passing);
        } while (!stop && this.position < limit && this.options.now() - begin < SLICE);
        return stop;
    }

    /** Executes something, and keeps a checkpoint behind it where it is time. */
    private chunk(budget: number, passing: Passing): Stop | null {
        const { interpreter, changes } = this;
        const { clock } = this.host.machine;
        const from = this.position;
        const news = from >= this.told;
        this.report(news);
        this.passing = passing;
        interpreter.heedsFilters = passing === 'forward';
        this.data.begin(passing !== 'again' || news);
        clock.alarm = clock.now + LONG;
        const begin = this.options.now();
        const known = news ? Infinity : this.told - from;
        const most = Math.min(budget, known, changes.distance(from), this.pace.forSearch ? NEAR : Infinity);
        const stop = interpreter.run(most, this.pace.operations);
        clock.alarm = Infinity;
        interpreter.heedsFilters = true;
        if (news) {
            this.told = this.position;
            this.toldTime = clock.now;
        }
        changes.makeAgain(
            this.position,
            () => interpreter.hearTrap(),
            (text) => this.data.changedByUser(text),
        );
        this.pace.ranFor(this.options.now() - begin, this.position - from);
        if (this.pace.due) {
            this.keep();
        }
        return stop;
    }

    private report(on: boolean): void {
        if (on !== this.reporting) {
            this.reporting = on;
            this.host.listeners.setReporting(on);
        }
    }

    private keep(): void {
        const begin = this.options.now();
        const saved = this.checkpoints.keep(this.changes.made, this.pace.time);
        this.pace.kept(this.options.now() - begin, saved);
    }

    private setBackTo(kept: Kept): void {
        this.checkpoints.restore(kept);
        this.changes.setBack(kept.changes);
        this.passing = 'again';
        this.data.invalidate();
        this.changes.makeAgain(kept.at, () => this.interpreter.hearTrap());
    }

    // ------------------------------------------------------------ breakpoints

    /** The breakpoints that stop where the run is. */
    private look(): readonly number[] {
        const frame = this.interpreter.trapped;
        return frame ? this.options.traps.reached(frame, 'search') : [];
    }

    private trapped(frame: Frame): readonly number[] {
        const { passing } = this;
        const { traps } = this.options;
        const isNews = this.position >= this.told;
        if (passing === 'again' && !isNews && !traps.counting) {
            return [];
        }
        // on new ground, whatever leads over it, breakpoints say what they have to say
        const ids = traps.reached(frame, passing === 'again' && isNews ? 'forward' : passing);
        if (passing === 'forward') {
            return ids;
        }
        if (ids.length > 0) {
            this.scanning?.stopsHere();
        }
        return [];
    }
}
