/** Semantic tokens: the kind of each word of a file, for highlighting with or without a grammar. */
import type { Program } from '../language/program';
import type { Span } from '../language/syntax/ast';
import { lex } from '../language/syntax/lexer';
import { isLibrary } from './declarations';
import { forEachLeaf, isKind, isWord, type Node, type Place } from './nodes';
import type { Subject } from './subjects';
import { subjectAt } from './words';

/** The token types of the protocol that are used. */
export const TOKEN_TYPES = [
    ...([
        'comment',
        'string',
        'number',
        'keyword',
        'operator',
        'namespace',
        'type',
        'class',
        'struct',
        'parameter',
    ] as const),
    ...(['variable', 'property', 'enumMember', 'function', 'method', 'event'] as const),
] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

export const TOKEN_MODIFIERS = ['declaration', 'readonly', 'defaultLibrary'] as const;
export type TokenModifier = (typeof TOKEN_MODIFIERS)[number];

export interface SemanticToken {
    /** Within one line. */
    readonly span: Span;
    readonly type: TokenType;
    readonly modifiers: readonly TokenModifier[];
}

/** @param lexical whether comments, strings and numbers are included: for editors without a grammar */
export function semanticTokens(program: Program, uri: string, lexical: boolean): SemanticToken[] {
    const file = program.files.get(uri);
    if (!file) {
        return [];
    }
    const words = new Map<number, SemanticToken>();
    forEachLeaf(file, (place) => {
        const token = isWord(place.node) ? tokenOf(program, uri, place) : undefined;
        if (token) {
            words.set(token.span.start, token);
        }
    });
    const { tokens, comments } = lex(uri, file.text);
    const found = tokens.flatMap((t): SemanticToken[] => {
        const { start, end } = t;
        const plain = (type: TokenType): SemanticToken[] => [{ span: { start, end }, type, modifiers: [] }];
        switch (t.kind) {
            case 'ident': {
                const word = words.get(start);
                return word ? [word] : plain('keyword');
            }
            case 'string':
                return lexical ? plain('string') : [];
            case 'int':
                return lexical ? plain('number') : [];
            default:
                return [];
        }
    });
    if (lexical) {
        found.push(
            ...comments
                .filter((c) => !file.text.slice(c.start, c.end).includes('\n'))
                .map((span): SemanticToken => ({ span, type: 'comment', modifiers: [] })),
        );
    }
    return found.sort((a, b) => a.span.start - b.span.start);
}

/** A word that is a name in the tree, as opposed to a keyword. */
function tokenOf(program: Program, uri: string, place: Place): SemanticToken | undefined {
    const { node, above } = place;
    const { start, end } = node;
    if (end <= start) {
        return undefined;
    }
    const subject = subjectAt(program, uri, place);
    const [parent] = above;
    const names = parent !== undefined && 'name' in parent && parent.name === node;
    const declares = names && !isKind(parent, 'type') && !isKind(parent, 'new') && !isArgument(parent);
    const [type, ...modifiers] = subject ? kindOf(program, subject) : (['variable'] as const);
    return { span: { start, end }, type, modifiers: declares ? ['declaration', ...modifiers] : modifiers };
}

/** `token: 5` names a parameter and does not declare it. */
function isArgument(node: Node): boolean {
    return !('kind' in node) && 'value' in node;
}

function kindOf(program: Program, s: Subject): readonly [TokenType, ...TokenModifier[]] {
    switch (s.kind) {
        case 'local': {
            const isParameter = s.variable.scope.start <= s.variable.declared.end && s.variable.slot === 0;
            return [isParameter ? 'parameter' : 'variable'];
        }
        case 'process':
            return ['namespace'];
        case 'process variable':
            return ['variable'];
        case 'struct field':
        case 'file field':
            return ['property'];
        case 'field':
            return ['property', 'defaultLibrary'];
        case 'declaration': {
            const library = isLibrary(program.uriOf.get(s.decl) ?? '') ? (['defaultLibrary'] as const) : [];
            switch (s.decl.kind) {
                case 'const':
                    return ['variable', 'readonly', ...library];
                case 'fn':
                    return ['function', ...library];
                case 'struct':
                    return ['struct', ...library];
                case 'scenario':
                    return ['event'];
                case 'kernel':
                    return ['namespace'];
                default:
                    return ['class', ...library];
            }
        }
        case 'callback':
            return ['method'];
        case 'device':
            return ['variable', 'readonly'];
        case 'native':
            return [s.owner === '' ? 'function' : 'method', 'defaultLibrary'];
        case 'parameter':
            return ['parameter', 'defaultLibrary'];
        case 'global':
            return /^E[A-Z0-9]+$/.test(s.global.name)
                ? ['enumMember', 'readonly', 'defaultLibrary']
                : ['variable', 'readonly', 'defaultLibrary'];
        case 'setting':
            return [s.word === undefined ? 'keyword' : 'enumMember'];
        case 'shipped':
            return [s.of === 'type' ? 'type' : s.of === 'file kind' ? 'class' : 'enumMember', 'defaultLibrary'];
        case 'file':
            return ['string'];
    }
}
