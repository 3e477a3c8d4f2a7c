/** What the grammar must make of each token of a file, by what the parser makes of it. */
import type { SourceFile } from '../../emulator/language/syntax/ast';
import { lex, type Token } from '../../emulator/language/syntax/lexer';
import { forEachLeaf, isKind, isWord, type Node } from '../../emulator/services/nodes';

/** A token or a comment, and what its innermost scope must begin with. */
export interface Expected {
    readonly start: number;
    readonly end: number;
    /** What it is, for messages. */
    readonly role: string;
    readonly scope: RegExp;
}

const NAME = /^(?:variable|constant\.other|support\.constant)\b/;
const PROCESS = /^entity\.name\.namespace\.process\b/;
const KIND = /^entity\.name\.type\.file\b/;
const ERRNO = /^support\.constant\.errno\b/;
const CALLBACK = /^entity\.name\.function\.callback\b/;
const MEMBER = /^(?:variable\.other\.member|constant\.other|support\.constant)\b/;
const WORD = /^(?:keyword|storage\.type|constant\.language)\b/;

type Role = readonly [role: string, scope: RegExp];

/** By the node that holds a name, and the property of it that the name is. */
const ROLES: Readonly<Record<string, Role>> = {
    'entry.key': ['setting', /^keyword\b/],
    'setting.key': ['setting', /^keyword\b/],
    'list.key': ['setting', /^keyword\.other\b/],
    'cost.cost': ['cost', NAME],
    'const.name': ['constant', /^variable\.other\.constant\b/],
    'struct.name': ['struct', /^entity\.name\.type\.struct\b/],
    'fn.name': ['function', /^entity\.name\.function\b/],
    'file.name': ['file kind', KIND],
    'flb.name': ['FLB', /^entity\.name\.class\.flb\b/],
    'handler.name': ['handler', /^entity\.name\.class\.handler\b/],
    'handler.forKind': ['file kind', KIND],
    'handler.uses': ['FLB', /^entity\.other\.inherited-class\b/],
    'scenario.finds': ['code', /^constant\.other\.finding\b/],
    'callback.name': ['callback', CALLBACK],
    'callback.params': ['parameter', /^variable\.parameter\b/],
    'type.name': ['type', /^(?:storage\.type\.primitive|entity\.name\.type)\b/],
    'type.target': ['type', /^entity\.name\.type\b/],
    'process.names': ['process', PROCESS],
    'in.process': ['process', PROCESS],
    'kill.process': ['process', PROCESS],
    'send.to': ['process', PROCESS],
    'inject.what': ['error', /^(?:support\.constant\.errno|constant\.language\.no)\b/],
    'inject.target': ['handler', /^entity\.name\.class\b/],
    'inject.callback': ['callback', CALLBACK],
    'at.event': ['event', /^(?:constant\.language\.handover|keyword\.control)\b/],
    'fails.errors': ['error', ERRNO],
    'may.errors': ['error', ERRNO],
    'call.with': ['call mode', /^constant\.language\.call-mode\b/],
    'new.name': ['file kind', KIND],
    'member.member': ['member', MEMBER],
};

/** The role of a name; undefined where the tree has none of its own for it. */
function roleOf(node: Node, [parent, outer]: readonly Node[]): Role {
    if (parent === undefined) {
        return ['name', NAME];
    }
    const kind = 'kind' in parent ? parent.kind : undefined;
    if (kind === 'call' && 'callee' in parent && parent.callee === node) {
        return ['called function', /^entity\.name\.function\.call\b/];
    }
    if (isKind(parent, 'member') && isKind(outer, 'call') && outer.callee === parent && parent.member === node) {
        return ['called member', /^entity\.name\.function\.member\b/];
    }
    if (isWord(node) && node.name === 'none') {
        return ['none', /^constant\.language\b/];
    }
    if (isKind(parent, 'entry') && parent.key.name === 'vf' && isWord(node) && node.name === 'of') {
        return ['option', /^keyword\.other\b/];
    }
    if (kind === undefined && 'value' in parent && 'name' in parent && parent.name === node) {
        return ['named argument', /^variable\.parameter\.named\b/];
    }
    const property = Object.entries(parent).find(([, value]) =>
        Array.isArray(value) ? value.includes(node) : value === node,
    );
    return ROLES[`${kind}.${property?.[0]}`] ?? ['name', NAME];
}

/** The options of an entry, such as `node` in `memory 1GiB node 1`, are names in the tree and keywords of the file. */
function isOption(node: Node, [parent]: readonly Node[]): boolean {
    return isKind(parent, 'entry') && parent.options.some(({ key }) => key === node);
}

function literal({ kind, unit, start, end }: Token, written: string): Expected[] {
    if (kind === 'string') {
        return [
            { start, end, role: 'string', scope: /^(?:string|constant\.character\.escape|punctuation\.definition)\b/ },
        ];
    }
    if (kind !== 'int') {
        return [];
    }
    // the `/s` of a rate is not in `unit`
    const digits = end - (written.endsWith('/s') ? 2 : 0) - (unit?.length ?? 0);
    return [
        { start, end: unit === undefined ? end : digits, role: 'number', scope: /^constant\.numeric\b/ },
        ...(unit === undefined ? [] : [{ start: digits, end, role: 'unit', scope: /^keyword\.other\.unit\b/ }]),
    ];
}

/** What the grammar must make of the tokens and comments of a file, but for its punctuation. */
export function expectedScopes(file: SourceFile): Expected[] {
    const names = new Map<number, Role>();
    forEachLeaf(file, ({ node, above }) => {
        // the name of a process in an array is not a leaf: its index is below it
        const path = [node, ...above];
        path.forEach((word, i) => {
            if (isWord(word)) {
                const around = path.slice(i + 1);
                names.set(word.start, isOption(word, around) ? ['option', /^keyword\.other\b/] : roleOf(word, around));
            }
        });
    });
    const shippedImports = file.items.flatMap((item) => (item.kind === 'import' && item.shipped ? [item.path] : []));
    const { tokens, comments } = lex(file.uri, file.text);
    const words = tokens.flatMap((token): Expected[] => {
        const { start, end } = token;
        if (shippedImports.some((path) => path.start <= start && end <= path.end)) {
            return [{ start, end, role: 'program', scope: /^string\b/ }];
        }
        if (token.kind !== 'ident') {
            return literal(token, file.text.slice(start, end));
        }
        const [role, scope] = names.get(start) ?? (['keyword', token.text === 'init' ? CALLBACK : WORD] as const);
        return [{ start, end, role, scope }];
    });
    return [...words, ...comments.map((c) => ({ ...c, role: 'comment', scope: /^(?:comment|punctuation)\b/ }))];
}
