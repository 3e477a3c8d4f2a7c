/**
 * What is known at a place of a scenario about the running kernel and its processes, over all paths to that place.
 */
import type { Var } from './scope';

export interface Proc {
    /** `maybe`: on some paths only. */
    status: 'alive' | 'dead' | 'maybe';
    /** What ended it, as the subject of "ended": "the `reboot(KEXEC)` on line 12". */
    why: string;
    /** Its variables so far. */
    vars: Map<string, Var>;
    /** Variables of an earlier process of this name, and what ended that process. */
    lost: Map<string, string>;
    /** Started in a function or conditionally: it may have variables that are not known here. */
    open: boolean;
}

const MIXED = -1;

export class Flow {
    /** Which kernel runs; changes with every boot; {@link MIXED} after paths with different kernels have joined. */
    kernel = 0;
    /** What ended the kernel before. */
    kernelWhy = '';
    readonly procs = new Map<string, Proc>();
    /** The kernel in which a variable that refers to kernel objects was assigned. */
    readonly assigned = new Map<Var, number>();
    /** The loaded image may be one that the kernel returns from (KEXEC_PRESERVE_CONTEXT). */
    comesBack = false;
    /** Why the code after this place never runs. */
    ended: string | undefined;

    copy(): Flow {
        const f = new Flow();
        f.kernel = this.kernel;
        f.kernelWhy = this.kernelWhy;
        f.comesBack = this.comesBack;
        f.ended = this.ended;
        for (const [name, p] of this.procs) {
            f.procs.set(name, { ...p, vars: new Map(p.vars), lost: new Map(p.lost) });
        }
        for (const [v, kernel] of this.assigned) {
            f.assigned.set(v, kernel);
        }
        return f;
    }

    start(name: string): Proc {
        const before = this.procs.get(name);
        const lost = new Map(before?.lost);
        for (const v of before?.vars.keys() ?? []) {
            lost.set(v, before?.why ?? '');
        }
        const p: Proc = { status: 'alive', why: '', vars: new Map(), lost, open: false };
        this.procs.set(name, p);
        return p;
    }

    end(name: string, why: string): void {
        const p = this.procs.get(name);
        if (p && p.status !== 'dead') {
            p.status = 'dead';
            p.why = why;
        }
    }

    /** From here on a process may have ended. */
    mayEnd(name: string, why: string): void {
        const p = this.procs.get(name);
        if (p?.status === 'alive') {
            p.status = 'maybe';
            p.why = why;
            p.open = true;
        }
    }

    /** A new kernel runs: `why` ended the one before, with all its processes. */
    newKernel(id: number, why: string): void {
        this.kernel = id;
        this.kernelWhy = why;
        this.comesBack = false;
        for (const name of this.procs.keys()) {
            this.end(name, why);
        }
    }

    /** True if the variable was certainly assigned in an earlier kernel. */
    isGone(v: Var): boolean {
        const kernel = this.assigned.get(v);
        return kernel !== undefined && kernel !== MIXED && this.kernel !== MIXED && kernel !== this.kernel;
    }

    /** The flow after two paths have joined. */
    static join(a: Flow, b: Flow): Flow {
        if (a.ended !== undefined) {
            return b;
        }
        if (b.ended !== undefined) {
            return a;
        }
        const f = a.copy();
        if (a.kernel !== b.kernel) {
            f.kernel = MIXED;
        }
        f.comesBack ||= b.comesBack;
        for (const [name, p] of b.procs) {
            const mine = f.procs.get(name);
            if (!mine) {
                f.procs.set(name, { ...p, status: 'maybe', vars: new Map(p.vars), lost: new Map(p.lost), open: true });
                continue;
            }
            if (mine.status !== p.status) {
                mine.status = 'maybe';
                mine.open = true;
            }
            mine.open ||= p.open;
            for (const [v, info] of p.vars) {
                mine.vars.set(v, mine.vars.get(v) ?? info);
            }
        }
        for (const [name, p] of f.procs) {
            if (!b.procs.has(name)) {
                p.status = 'maybe';
                p.open = true;
            }
        }
        for (const [v, kernel] of b.assigned) {
            f.assigned.set(v, f.assigned.get(v) === kernel || !f.assigned.has(v) ? kernel : MIXED);
        }
        return f;
    }
}

/**
 * The flow after blocks that ran concurrently: everything that any of them did. If one of them ends a process or the
 * kernel, it ends for all of them.
 */
export function together(before: Flow, ways: readonly Flow[]): Flow {
    const all = before.copy();
    for (const way of ways) {
        all.comesBack ||= way.comesBack;
        if (way.kernel !== before.kernel && (all.kernel === before.kernel || way.kernel === MIXED)) {
            all.kernel = way.kernel;
            all.kernelWhy = way.kernelWhy;
        }
        for (const [name, p] of way.procs) {
            const mine = all.procs.get(name);
            if (!mine) {
                all.procs.set(name, { ...p, vars: new Map(p.vars), lost: new Map(p.lost) });
                continue;
            }
            if (GRAVITY[p.status] > GRAVITY[mine.status]) {
                mine.status = p.status;
                mine.why = p.why;
            }
            mine.open ||= p.open;
            for (const [v, info] of p.vars) {
                mine.vars.set(v, mine.vars.get(v) ?? info);
            }
        }
        for (const [v, kernel] of way.assigned) {
            all.assigned.set(v, kernel);
        }
    }
    all.ended = undefined;
    return all;
}

const GRAVITY = { alive: 0, maybe: 1, dead: 2 } as const;
