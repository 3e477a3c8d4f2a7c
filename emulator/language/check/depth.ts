/**
 * Declarations that need each other in long chains: a constant the value of another one, a function the result of
 * another one. They are checked when they are first needed, which nests; this finds where a chain has to be begun
 * further down, so that no input nests without limit.
 */
import { type Ast, namesIn } from '../syntax/names-in';

/** The limit for nested checks. */
const STEP = 64;

/**
 * Names to be checked before all others, in this order. Names in chains shorter than {@link STEP} are left out: they
 * are checked where they are needed.
 * @param astOf what has a name; undefined for names of something else
 */
export function checkedFirst(names: Iterable<string>, astOf: (name: string) => Ast | undefined): string[] {
    const first: string[] = [];
    const seen = new Set<string>();
    for (const root of names) {
        const path: { readonly name: string; readonly needs: Iterator<string> }[] = [];
        const enter = (name: string): void => {
            const ast = astOf(name);
            if (ast && !seen.has(name)) {
                seen.add(name);
                path.push({ name, needs: namesIn(ast)[Symbol.iterator]() });
            }
        };
        enter(root);
        for (let top = path.at(-1); top; top = path.at(-1)) {
            const next = top.needs.next();
            if (next.done !== true) {
                enter(next.value);
                continue;
            }
            path.pop();
            if (path.length > 0 && path.length % STEP === 0) {
                first.push(top.name);
            }
        }
    }
    return first;
}
