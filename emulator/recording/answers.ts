/** What two kernels said to the same step, and whether it is the same. */
import type { Answer } from './recording';

const FIELDS = ['ret', 'errno', 'name', 'size', 'blocks', 'nlink', 'mode', 'text', 'link', 'fnv'] as const;

/** What a step came to: the answer of its call, and what the kernel log got meanwhile. */
export interface Said {
    readonly answer: Answer;
    readonly klog: readonly string[];
}

/**
 * Kinds of messages of which only the presence is compared: their wording is the kernel's, and differs between
 * releases.
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
 * What of the kernel log is compared: the lines of the test handlers in order, then which kinds of messages there are.
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
 * Whether the emulator answers as the real kernel did, field by field: none may be missing, none may come on top.
 * `text` repeats bytes whose hash is compared anyway, and is only there where the recorder thought it readable.
 */
export function sameAnswer(expected: Answer, got: Answer): boolean {
    return FIELDS.every(
        (f) => expected[f] === got[f] || (f === 'text' && expected.text === undefined && expected.fnv !== undefined),
    );
}

export function sameLog(expected: readonly string[], got: readonly string[]): boolean {
    return essence(expected).join('\n') === essence(got).join('\n');
}
