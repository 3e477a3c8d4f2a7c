/** HTML as tagged templates: values are escaped, markup is not. */

export class Markup {
    constructor(readonly text: string) {}
}

type Part = string | number | Markup | readonly Part[];

export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
    return new Markup(strings.reduce((all, text, i) => `${all}${textOf(values[i - 1] ?? '')}${text}`));
}

/** An attribute without a value. */
export function attribute(name: string): Markup {
    return new Markup(` ${name}`);
}

function textOf(part: Part): string {
    if (part instanceof Markup) {
        return part.text;
    }
    return typeof part === 'object' ? part.map(textOf).join('') : escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
};

function escaped(text: string): string {
    return text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);
}
