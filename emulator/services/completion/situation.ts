/** The context of the cursor: the program with a placeholder at the cursor, the nodes around it, the names in scope. */
import { Probe, type ProbedScope } from '../../language/check/probe';
import type { SourceHost } from '../../language/load';
import type { Program } from '../../language/program';
import type { SourceFile, Span } from '../../language/syntax/ast';
import { lex, type Token } from '../../language/syntax/lexer';
import { parse } from '../../language/syntax/parser';
import type { ParseCache } from '../../language/syntax/parse-cache';
import { analyse } from '../analysis';
import { declarationStart, isolated } from '../isolated';
import { isWord, isKind, placeAt, type Place } from '../nodes';

/** A name that no program uses. */
const PLACEHOLDER = 'zz__cursor__zz';

export interface Situation {
    readonly program: Program;
    readonly uri: string;
    /** The text as it is, without the placeholder. */
    readonly text: string;
    /** The span that an offer replaces. */
    readonly span: Span;
    readonly inString: boolean;
    /** The placeholder in the tree; undefined if the parser expects no name there. */
    readonly place: Place | undefined;
    readonly scope: ProbedScope | undefined;
    /** The tokens of the declaration before the cursor. */
    readonly before: readonly Token[];
    readonly file: SourceFile;
}

export interface Source {
    readonly host: SourceHost;
    readonly uri: string;
    /** Files that have not changed. */
    readonly parsed?: Pick<ParseCache, 'parse'>;
}

/** Undefined in comments and where no name is possible. */
export function situationAt({ host, uri, parsed }: Source, offset: number): Situation | undefined {
    const text = host.read(uri) ?? '';
    const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
    const where = placeInLine(line);
    if (where === 'comment') {
        return undefined;
    }
    const inString = where === 'string';
    const start = inString ? offset - (line.length - lastQuote(line) - 1) : offset - wordBefore(line);
    if (!inString && /^[0-9]/.test(text.slice(start, offset))) {
        return undefined;
    }
    const probed = isolated(withPlaceholder(text, start, offset, inString), start);
    const probe = new Probe(uri, start);
    const program = analyse(
        { ...host, read: (u) => (u === uri ? probed : host.read(u)), exists: () => true },
        uri,
        { parse: (u, t) => (u === uri || !parsed ? parse(u, t) : parsed.parse(u, t)) },
        probe,
    );
    const file = program.files.get(uri);
    if (!file) {
        return undefined;
    }
    const before = lex(uri, text.slice(declarationStart(text, start), start)).tokens.slice(0, -1);
    const place = placeAt(file, start + 1);
    const known = place && isPlaceholder(place) ? place : undefined;
    return {
        program,
        uri,
        text,
        span: { start, end: offset },
        inString,
        place: known,
        scope: probe.scope,
        before,
        file,
    };
}

function isPlaceholder({ node }: Place): boolean {
    return (isWord(node) && node.name === PLACEHOLDER) || (isKind(node, 'string') && node.value.endsWith(PLACEHOLDER));
}

function withPlaceholder(text: string, start: number, offset: number, inString: boolean): string {
    if (!inString) {
        const rest = /^[A-Za-z0-9_]*/.exec(text.slice(offset))?.[0].length ?? 0;
        return text.slice(0, start) + PLACEHOLDER + text.slice(offset + rest);
    }
    const lineEnd = text.indexOf('\n', offset);
    const rest = text.slice(offset, lineEnd < 0 ? undefined : lineEnd);
    const close = rest.indexOf('"');
    const behind = close < 0 ? rest : rest.slice(close + 1);
    return `${text.slice(0, start)}${PLACEHOLDER}"${behind}${lineEnd < 0 ? '' : text.slice(lineEnd)}`;
}

/** Whether the end of a line is in code, in a string or in a comment. */
function placeInLine(line: string): 'code' | 'string' | 'comment' {
    let inString = false;
    for (let i = 0; i < line.length; i++) {
        const c = line[i];
        if (inString && c === '\\') {
            i++;
        } else if (c === '"') {
            inString = !inString;
        } else if (!inString && c === '/' && line[i + 1] === '/') {
            return 'comment';
        }
    }
    return inString ? 'string' : 'code';
}

const lastQuote = (line: string): number => line.lastIndexOf('"');

const wordBefore = (line: string): number => /[A-Za-z0-9_]*$/.exec(line)?.[0].length ?? 0;
