/** Words and operators of the language: keywords of declarations and statements, and words that cannot be names. */
import type { AssignOp } from './ast';

/** Words that begin a declaration. */
export const ITEM_KEYWORDS = [
    'import',
    'const',
    'machine',
    'scenario',
    'struct',
    'file',
    'flb',
    'handler',
    'kernel',
    'fn',
] as const;

/** Words that begin a statement if the next token fits; otherwise they are ordinary names. */
export const STATEMENT_WORDS: readonly string[] = [
    'boot',
    'process',
    'send',
    'exit',
    'kill',
    'inject',
    'at',
    'corrupt',
    'assert',
    'if',
    'while',
    'for',
    'return',
    'break',
    'continue',
    'undo',
    'sleep',
    'cost',
    'concurrently',
    'always',
    'finally',
    'explore',
];

/** Words that cannot be names of variables. */
export const RESERVED: ReadonlySet<string> = new Set([
    'if',
    'else',
    'while',
    'for',
    'return',
    'break',
    'continue',
    'undo',
    'assert',
    'true',
    'false',
    'try',
    'new',
]);

const ASSIGN_OPS: ReadonlyMap<string, AssignOp> = new Map(
    (['=', '+=', '-=', '*=', '/=', '%=', '|=', '&=', '^=', '<<=', '>>='] as const).map((op) => [op, op]),
);

/** The text as an assignment operator, if it is one. */
export const assignOp = (text: string): AssignOp | undefined => ASSIGN_OPS.get(text);
