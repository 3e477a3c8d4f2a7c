/**
 * The outcome of calls, with `fails`, `may fail`, `panics`, `oopses`, `try` or without any of these. Used for
 * functions, natives, system calls and `send`.
 */
import type { Err } from '../../kernel/release/errno';
import type { Span } from '../../language/syntax/ast';
import type { Value } from '../../language/types';
import type { Frame } from '../code';
import type { Policy, Slot } from '../form/form';
import type { Linkage } from './linkage';

/** Where the code continues after success and after failure of a call; `next` is the operation after it. */
export interface Outcomes {
    readonly success: (f: Frame, value: Value, next: number) => number;
    readonly failure: (f: Frame, error: Err, next: number) => number;
}

/** @param span the call; its text is used in messages */
export function outcomesOf(l: Linkage, span: Span, slot: Slot, policy: Policy): Outcomes {
    const { run, host } = l;
    const what = (): string => l.textOf(span);
    const note = (f: Frame, error: Err): void => {
        for (const listener of host.listeners.active) {
            listener.failed?.(what(), error, f);
        }
    };
    const store = (f: Frame, value: Value, next: number): number => {
        f.slots[slot] = value;
        return next;
    };
    switch (policy.k) {
        case 'plain':
            return {
                success: store,
                failure: (f, error) => {
                    note(f, error);
                    if (f.mode === 'kernel') {
                        // a failure inside an undo block does not stop the others
                        return run.unwind(f, f.failing ?? error);
                    }
                    return run.fail(
                        'failed-call',
                        `${what()} fails with ${error.name}. If this is expected, append "fails ${error.name}".`,
                        error,
                    );
                },
            };
        case 'try':
            return {
                success: (f, value, next) => {
                    f.slots[slot] = value ?? 0;
                    return next;
                },
                failure: (f, error, next) => {
                    note(f, error);
                    f.slots[slot] = -error.code;
                    return next;
                },
            };
        case 'panics':
        case 'oopses': {
            const end = policy.k === 'panics' ? 'a panic' : 'an oops';
            return {
                success: () => run.fail('failed-call', `${what()} should end in ${end}, but it returns.`),
                failure: (f, error) => {
                    note(f, error);
                    return run.fail(
                        'failed-call',
                        `${what()} should end in ${end}, but it fails with ${error.name}.`,
                        error,
                    );
                },
            };
        }
        case 'fails':
        case 'may': {
            const { errors, end } = policy;
            const must = policy.k === 'fails';
            return {
                success: must
                    ? () => run.fail('failed-call', `${announcement(what(), policy)}, but it succeeds.`)
                    : store,
                failure: (f, error) => {
                    note(f, error);
                    return errors.includes(error.name)
                        ? end
                        : run.fail(
                              'failed-call',
                              `${announcement(what(), policy)}, but it fails with ${error.name}.`,
                              error,
                          );
                },
            };
        }
    }
}

/** `m.size() should fail with EBUSY or EIO` */
function announcement(what: string, { k, errors }: Extract<Policy, { readonly k: 'fails' | 'may' }>): string {
    return `${what} ${k === 'may' ? 'may' : 'should'} fail with ${errors.join(' or ')}`;
}

/** The expectation that a call which does not return on success must fail; null if it may succeed. */
export function mustFail(l: Linkage, span: Span, policy: Policy): string | null {
    return policy.k === 'fails' ? announcement(l.textOf(span), policy) : null;
}
