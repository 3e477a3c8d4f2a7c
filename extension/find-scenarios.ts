/** Finds the scenarios of a file, also of an incomplete one. */
import { parse } from '../emulator/language/syntax/parser';

/** Offsets are UTF-16 code units of the text, the end exclusive. */
export interface FoundScenario {
    readonly name: string;
    readonly start: number;
    readonly end: number;
}

export function findScenarios(uri: string, text: string): FoundScenario[] {
    return parse(uri, text).file.items.flatMap((item) =>
        item.kind === 'scenario' ? [{ name: item.name.value, start: item.start, end: item.end }] : [],
    );
}
