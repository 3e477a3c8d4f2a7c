/** Finds the scenarios of a file, also of an incomplete one. */
import { scenariosIn } from '../emulator/language/syntax/variants';
import { parse } from '../emulator/language/syntax/parser';

/** Offsets are UTF-16 code units of the text, the end exclusive. */
export interface FoundScenario {
    readonly name: string;
    /** `ram = 1GiB`, if it has a parameter. */
    readonly suffix?: string;
    readonly start: number;
    readonly end: number;
}

export function findScenarios(uri: string, text: string): FoundScenario[] {
    return scenariosIn(parse(uri, text).file).map(({ name, start, end, of }) => ({
        name: name.value,
        start,
        end,
        ...(of && { suffix: of.suffix }),
    }));
}
