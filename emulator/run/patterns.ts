/** Patterns of names: `memfd.*`, `*.freeze`, `page_alloc`, `*`. */

const made = new Map<string, RegExp>();

function patternOf(text: string): RegExp {
    let pattern = made.get(text);
    if (!pattern) {
        const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
        pattern = new RegExp(`^${parts.join('.*')}$`);
        made.set(text, pattern);
    }
    return pattern;
}

/** Whether one of the patterns matches the whole name; `*` stands for any text. */
export function matches(patterns: readonly string[], name: string): boolean {
    return patterns.some((p) => patternOf(p).test(name));
}
