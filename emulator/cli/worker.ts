/** `lus worker`: explores for others, who put their work into a queue. */
import { Course } from '../explore/course';
import type { ExploreOptions } from '../explore/explore';
import type { Yield } from '../explore/frontier';
import { Visited } from '../explore/visited';
import { Walk } from '../explore/walk';
import { errorsOf, loadProgram } from '../run/load-program';
import { connectionTo, loadBullMq } from './exploring/bullmq';
import { type JobData, QUEUE } from './exploring/queue';
import { BadArguments, parse, type Command } from './options';
import { complain } from './print';

/** Milliseconds of work before a worker returns what it has found: others may wait for it. */
const LONG_ENOUGH = 1000;
/** Between two signs of life. Milliseconds. */
const SIGN = 50;
/** Without a sign of life for so long, another worker gets the job. Milliseconds. */
const LOST = 10_000;
/** States that a job goes through at most. */
const STATES = 100_000;
/** Courses that are kept for the next job of the same search. */
const MOST_COURSES = 4;

const courses = new Map<string, { readonly course: Course; readonly options: ExploreOptions }>();

export const command: Command = async (args) => {
    const parsed = parse(args, { queue: { type: 'string' } });
    const url = parsed.text('queue');
    if (url === undefined || parsed.positionals.length > 0) {
        throw new BadArguments('Name the queue: lus worker --queue redis://localhost:6379.');
    }
    const { Worker } = await loadBullMq();
    const worker = new Worker<JobData, Yield>(QUEUE, ({ data }) => done(data), {
        ...connectionTo(url),
        lockDuration: LOST,
        stalledInterval: LOST / 2,
        maxStalledCount: 1000,
    });
    worker.on('error', (e) => complain(`${e.message}\n`));
    await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
    });
    // it ends its job first
    await worker.close();
    return 0;
};

/** Goes on with the items of a job for a while. What was visited is its own: a job that is lost takes nothing along. */
async function done(data: JobData): Promise<Yield> {
    const { course, options } = courseOf(data);
    const walk = new Walk(course, new Visited(STATES), options, options.limit);
    try {
        const begin = performance.now();
        let last = begin;
        for (const _ of walk.walk(data.items, data.known)) {
            const now = performance.now();
            if (now - begin > LONG_ENOUGH) {
                break;
            }
            if (now - last > SIGN) {
                last = now;
                await new Promise<void>((resolve) => setImmediate(resolve));
            }
        }
        return walk.take();
    } finally {
        walk.close();
    }
}

/** At its beginning. */
function courseOf({ main, texts, options: text }: JobData): {
    readonly course: Course;
    readonly options: ExploreOptions;
} {
    const key = JSON.stringify([main, texts, text]);
    const known = courses.get(key);
    if (known) {
        return known;
    }
    const files = new Map(texts);
    const program = loadProgram({ read: (uri) => files.get(uri) }, main);
    const [error] = errorsOf(program);
    if (error) {
        throw new Error(error.message);
    }
    const options: ExploreOptions = JSON.parse(text, (_, v: unknown) => (v === 'unbounded' ? Infinity : v));
    const made = { course: new Course(program, options, options.tried), options };
    for (const oldest of courses.size < MOST_COURSES ? [] : [...courses.keys()].slice(0, 1)) {
        courses.delete(oldest);
    }
    courses.set(key, made);
    return made;
}
