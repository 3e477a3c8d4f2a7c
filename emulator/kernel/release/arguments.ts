/** The arguments of a command line, as split by next_arg() and parse_args() (lib/cmdline.c, kernel/params.c). */

export interface Argument {
    readonly name: string;
    /** The text after the first `=`; undefined: there is none. */
    readonly value: string | undefined;
}

const isSpace = (c: string | undefined): boolean => c !== undefined && /[\t-\r ]/.test(c);

/**
 * The arguments for the kernel, in order, up to `--`. Quotation marks keep white space together; they are not part of a
 * value or of an argument that they enclose.
 */
export function argumentsOf(text: string): Argument[] {
    const found: Argument[] = [];
    let at = 0;
    for (;;) {
        while (isSpace(text[at])) {
            at++;
        }
        if (at >= text.length) {
            return found;
        }
        const begin = at;
        let quoted = false;
        while (at < text.length && (quoted || !isSpace(text[at]))) {
            quoted = text[at] === '"' ? !quoted : quoted;
            at++;
        }
        const argument = parsed(text.slice(begin, at));
        if (argument.name === '--' && argument.value === undefined) {
            return found;
        }
        found.push(argument);
    }
}

function parsed(word: string): Argument {
    const whole = word.startsWith('"');
    const text = whole ? word.slice(1) : word;
    // a `=` at the beginning belongs to the name
    const equals = text.indexOf('=', 1);
    if (equals < 0) {
        return { name: whole ? unquoted(text) : text, value: undefined };
    }
    const value = text.slice(equals + 1);
    const open = value.startsWith('"');
    return { name: text.slice(0, equals), value: open ? unquoted(value.slice(1)) : whole ? unquoted(value) : value };
}

function unquoted(text: string): string {
    return text.endsWith('"') ? text.slice(0, -1) : text;
}
