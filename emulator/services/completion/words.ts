/** Keywords: after a complete part of a statement, and at the beginning of statements. */
import type { Token } from '../../language/syntax/lexer';
import { KEYWORDS, type Kind } from '../keywords';
import { RANK, type Offer } from './offer';
import type { Situation } from './situation';
import { orderIn, STATEMENTS } from './usual';

export function keyword(word: string, of: Kind, rank: number, snippet?: string): Offer {
    const known = KEYWORDS[of]?.[word];
    return {
        label: word,
        kind: 'keyword',
        rank,
        ...(known && { detail: known.form, doc: known.doc }),
        ...(snippet === undefined ? {} : { snippet }),
    };
}

/** The keywords that can begin a statement here. */
export function statementWords(s: Situation): Offer[] {
    const { scope } = s;
    const context = scope?.context ?? 'any';
    const order = STATEMENTS[context];
    const words: [string, Kind][] = [
        ['assert', 'assert'],
        ['if', 'if'],
        ['for', 'for'],
        ['while', 'while'],
        ['sleep', 'sleep'],
    ];
    if (context === 'scenario' || context === 'any') {
        words.push(
            ['process', 'process'],
            ['boot', 'boot'],
            ['kill', 'kill'],
            ['concurrently', 'concurrently'],
            ['at', 'at'],
            ['always', 'at'],
            ['finally', 'at'],
            ['explore', 'explore'],
        );
    }
    if (context !== 'kernel') {
        words.push(['inject', 'inject'], ['cost', 'cost'], ['corrupt', 'corrupt'], ['kill', 'kill']);
    }
    if (context === 'user') {
        words.push(['exit', 'exit'], ['send', 'send']);
    }
    if (scope?.returns === true) {
        words.push(['return', 'return'], ['undo', 'undo']);
    }
    if (scope?.inLoop === true) {
        words.push(['break', 'break'], ['continue', 'continue']);
    }
    const first = scope?.beforeBoot === true && context === 'scenario' ? ['boot'] : [];
    return [...new Map(words)].map(([word, of]) =>
        keyword(word, of, first.includes(word) ? RANK.asked : statementRank(order, word)),
    );
}

/** For keywords and names at the beginning of a statement. */
function statementRank(order: readonly string[], word: string): number {
    return RANK.own + 5 * orderIn(order, word);
}

/** The keywords that can follow a sequence of tokens at the end of the text. The first entry that matches is used. */
const BEHIND: readonly (readonly [pattern: RegExp, words: readonly (readonly [string, Kind, string?])[]])[] = [
    [/(?:^|;)inject \w+ $/, [['into', 'inject']]],
    [/(?:^|;)inject .* into (?:\w+(?: \. \w+)?|"") .*?in next $/, [['kernel', 'inject']]],
    [/(?:^|;)inject .* into (?:\w+(?: \. \w+)?|"") .*?in $/, [['next', 'inject']]],
    [
        /(?:^|;)inject .* into (?:\w+(?: \. \w+)?|"") (?:.* \S+ )?$/,
        [
            ['after', 'inject'],
            ['times', 'inject'],
            ['in', 'inject', 'in next kernel'],
        ],
    ],
    [/(?:^|;)kill \w+ $/, [['after', 'kill']]],
    [/(?:^|;)send [^;]+ to \w+ $/, [['as', 'send']]],
    [/(?:^|;)send [^;]*\w $/, [['to', 'send']]],
    [/(?:^|;)corrupt [^;]*[\w)] $/, [['xor', 'corrupt', 'xor ${1:0x01}']]],
    [/(?:^|;)boot (?:"" )?from $/, [['image', 'boot', 'image "$1"']]],
    [
        /(?:^|;)boot "" $/,
        [
            ['cmdline', 'boot', 'cmdline "$1"'],
            ['from', 'boot', 'from image "$1"'],
        ],
    ],
    [/(?:^|;)boot $/, [['from', 'boot', 'from image "$1"']]],
    [/(?:^|;)for \w+ $/, [['in', 'for']]],
    [/^machine $/, [['like', 'machine', 'like "$1"']]],
    [
        /^scenario "" $/,
        [
            ['finds', 'scenario'],
            ['choosing', 'scenario', 'choosing "$1"'],
            ['for', 'scenario', 'for ${1:ram} in [$2]'],
        ],
    ],
    [/^scenario "" (?:.* )?choosing "" (?:, "" )*$/, [['avoidable_until', 'scenario', 'avoidable_until "$1"']]],
    [/^scenario "" for \w+ $/, [['in', 'scenario', 'in [$1]']]],
    [/^scenario "" for \w+ in \[[^\]]*\] $/, [['finds', 'scenario']]],
    [/^kernel "" $/, [['from', 'kernel', 'from "${1:7.2}"']]],
    [/^handler \w+ "" for \w+ $/, [['uses', 'handler']]],
    [
        /^handler \w+ "" $/,
        [
            ['for', 'handler'],
            ['uses', 'handler'],
        ],
    ],
    [/^file \w+ $/, [['at', 'file', 'at "/dev/$1"']]],
    [/^fn \w+ \( .*\) $/, [['label', 'fn', 'label($1)']]],
    [/ may $/, [['fail', 'may']]],
    [
        /\) with $/,
        [
            ['readonly_reply', 'call'],
            ['stalled_reply', 'call'],
        ],
    ],
    [/\} $/, [['else', 'if', 'else {\n    $0\n}']]],
];

/** Keywords after a call: its expectation. */
const EXPECTATIONS: readonly (readonly [string, Kind, string?])[] = [
    ['fails', 'fails'],
    ['may', 'may', 'may fail $0'],
    ['panics', 'panics', 'panics "$1"'],
    ['with', 'call', 'with readonly_reply'],
];

/** Keywords that can follow the part of the line before the cursor. */
export function wordsBehind({ before, text, span }: Situation): Offer[] {
    if (/(?:^|\n)[ \t]*$/.test(text.slice(0, span.start))) {
        return [];
    }
    const line = lineBefore(before);
    const found = BEHIND.find(([pattern]) => pattern.test(line));
    if (found) {
        return found[1].map(([word, of, snippet], i) => keyword(word, of, RANK.asked + i, snippet));
    }
    return /[\])] $/.test(line) && !/(?:^|;)(?:assert|if|while|return|for) /.test(line)
        ? EXPECTATIONS.map(([word, of, snippet], i) => keyword(word, of, RANK.asked + i, snippet))
        : [];
}

/** The tokens of the statement before the cursor, each followed by a space; strings are empty. */
function lineBefore(before: readonly Token[]): string {
    let from = before.findLastIndex((t) => t.first || (t.kind === 'punct' && t.text === '{'));
    if (from >= 0 && before[from]?.kind === 'punct' && before[from]?.text === '{') {
        from++;
    }
    const words = before.slice(Math.max(0, from)).map((t) => (t.kind === 'string' ? '""' : t.text));
    return words.map((w) => (w === ';' ? w : `${w} `)).join('');
}
