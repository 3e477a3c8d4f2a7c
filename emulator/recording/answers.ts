/** The results of the same step on two kernels, and their comparison. */
import type { Answer } from './recording';

const FIELDS = ['ret', 'errno', 'name', 'size', 'blocks', 'nlink', 'mode', 'text', 'link', 'fnv'] as const;

/** The result of a step: the answer of its call, and the new lines of the kernel log. */
export interface Said {
    readonly answer: Answer;
    readonly klog: readonly string[];
}

/**
 * Kinds of messages of which only the presence is compared: the wording differs between releases.
 */
const REMARKS: readonly (readonly [string, RegExp])[] = [
    ['(warning)', /WARNING:/],
    ['(refcount underflow)', /refcount_t: underflow/],
    ['(failed deserialization)', /Failed to deserialize/],
    ['(freeze failed)', /Freeze failed/],
    ['(no handler)', /No registered handler/],
    ['(reply failed)', /response to user failed/],
    ['(not finished)', /Unable to finish session/],
    ['(panic)', /Kernel panic/],
];

/**
 * The compared part of the kernel log: the lines of the test handlers in order, then the kinds of messages.
 */
function essence(klog: readonly string[]): string[] {
    return [
        ...klog.filter((l) => l.startsWith('luotest: ')),
        ...REMARKS.filter(([, what]) => klog.some((l) => what.test(l))).map(([name]) => name),
    ];
}

export function show({ answer, klog }: Said): string {
    const fields = FIELDS.filter((f) => answer[f] !== undefined).map((f) => `${f}=${String(answer[f])}`);
    return [...fields, ...essence(klog)].join(' · ');
}

/**
 * Whether the emulator's answer equals that of the real kernel, field by field: no field may be missing or additional.
 * `text` is ignored: it repeats bytes whose hash is compared, and exists only if the recorder found them readable.
 */
export function sameAnswer(expected: Answer, got: Answer): boolean {
    return FIELDS.every(
        (f) => expected[f] === got[f] || (f === 'text' && expected.text === undefined && expected.fnv !== undefined),
    );
}

export function sameLog(expected: readonly string[], got: readonly string[]): boolean {
    return essence(expected).join('\n') === essence(got).join('\n');
}
