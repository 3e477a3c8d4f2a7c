/** Values as `log()` prints them: structs in memory with their fields. */
import { typeOfField } from '../language/check/types-of';
import type { Type, Value } from '../language/types';
import { format, text } from '../language/values';
import { ArrayView, View } from './view';

/** Of a longer array, only so many elements are printed. */
const MOST_ELEMENTS = 8;

/** A value as text: a string without quotes, and a struct with the values that its fields have now. */
export function contents(v: Value): string {
    return typeof v === 'string' ? text(v) : deep(v);
}

function deep(v: Value, type?: Type): string {
    if (v instanceof View) {
        const fields = v.layout.fields.map((f) => `${f.name}: ${deep(v.get(f), typeOfField(f.type))}`);
        return `${v.display()} { ${fields.join(', ')} }`;
    }
    if (v instanceof ArrayView) {
        const shown = Math.min(v.length, MOST_ELEMENTS);
        const items = Array.from({ length: shown }, (_, i) => deep(v.get(i), typeOfField(v.of)));
        return `[${items.join(', ')}${v.length > shown ? `, … ${v.length} in all` : ''}]`;
    }
    return format(v, type);
}
