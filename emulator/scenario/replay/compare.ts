/** Compares a recording with what the emulator does, step by step. */
import { Driver, UnknownStep, type Answer, type StepResult } from './driver';
import type { RecordedLine, StepLine } from './recording';

/** The first step at which the emulator and the real kernel part. */
export interface Difference {
    readonly line: number;
    readonly op: string;
    readonly expected: string;
    readonly got: string;
    /** The steps before it. */
    readonly before: readonly string[];
}

export interface Comparison {
    readonly matched: number;
    readonly total: number;
    readonly first: Difference | undefined;
}

const FIELDS = ['ret', 'errno', 'name', 'size', 'blocks', 'nlink', 'mode', 'text', 'link', 'fnv'] as const;

/** What of the kernel log is compared: the lines of the test handlers in order, and that there are warnings and failures. */
function essence(klog: readonly string[]): string[] {
    const lines = klog.filter((l) => l.startsWith('luotest: '));
    const has = (what: RegExp): boolean => klog.some((l) => what.test(l));
    if (has(/^refcount_t: underflow/) || has(/refcount_t: underflow/)) {
        lines.push('(refcount underflow)');
    }
    if (has(/Failed to deserialize/)) {
        lines.push('(failed deserialization)');
    }
    if (has(/Freeze failed/)) {
        lines.push('(freeze failed)');
    }
    return lines;
}

function show(answer: Answer, klog: readonly string[]): string {
    const fields = FIELDS.filter((f) => answer[f] !== undefined).map((f) => `${f}=${String(answer[f])}`);
    return [...fields, ...essence(klog)].join(' · ');
}

/** Fields that the recording has and the emulator answers otherwise. */
function sameAnswer(expected: StepLine, got: Answer): boolean {
    return FIELDS.every((f) => (expected[f] === undefined ? f === 'text' || f === 'fnv' || got[f] === undefined : expected[f] === got[f]));
}

/** Runs a recording to its end, or to the first step that cannot be made. */
export function compareRecording(lines: readonly RecordedLine[]): Comparison {
    const [head] = lines;
    const driver = new Driver(head?.kind === 'boot' ? head.boot.release : undefined);
    driver.takeLog();
    const before: string[] = [];
    let matched = 0;
    let total = 0;
    let first: Difference | undefined;
    let last: StepResult | undefined;
    const differ = (line: number, op: string, expected: string, got: string): void => {
        first ??= { line, op, expected, got, before: before.slice(-8) };
    };
    for (const recorded of lines.slice(1)) {
        total++;
        if (recorded.kind === 'boot') {
            const { klog } = recorded.boot;
            const expected = essence(klog ?? []);
            // the boot ran inside the step before it
            const got = essence(last?.klog ?? []).filter((l) => !l.startsWith('luotest: ') && l !== '(freeze failed)');
            if (last?.booted === true && expected.join() === got.join()) {
                matched++;
            } else {
                differ(recorded.line, 'boot', `a kernel comes up ${expected.join(' · ')}`, last?.booted === true ? got.join(' · ') : last?.panic ?? 'no kernel comes up');
            }
        } else if (recorded.kind === 'panic') {
            if (last?.panic === recorded.panic.panic) {
                matched++;
            } else {
                differ(recorded.line, 'panic', recorded.panic.panic, last?.panic ?? 'the next kernel comes up');
            }
        } else {
            const { step } = recorded;
            try {
                last = driver.step(step.op);
            } catch (e) {
                if (!(e instanceof UnknownStep)) {
                    throw e;
                }
                differ(recorded.line, step.op, show(step, step.klog ?? []), e.message);
                total += lines.length - 1 - total;
                break;
            }
            // what the old kernel said during a kexec that succeeded was not captured
            const jumped = step.op === 'kexec' && step.ret === 0;
            const sameLog = jumped || essence(step.klog ?? []).join('\n') === essence(last.klog).join('\n');
            if (sameAnswer(step, last.answer) && sameLog) {
                matched++;
            } else {
                differ(recorded.line, step.op, show(step, step.klog ?? []), show(last.answer, last.klog));
            }
            before.push(step.op);
        }
    }
    return { matched, total, first };
}
