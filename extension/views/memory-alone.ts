/** Answers the view of memory in a page that stands alone, from the data in the page. */
import { MemoryReader, type PackedMemory } from '../../emulator/presentation/memory/packed';
import type { Picture, Wanted } from '../../emulator/presentation/memory/picture';
import type { PageShown } from './memory-data';

/** A moment of a run. */
interface Choice {
    readonly reader: MemoryReader;
    readonly index: number;
    readonly name: string;
}

export class MemoryAlone {
    private readonly choices: readonly Choice[];
    private shown: Choice;

    /** @param runs at least one */
    constructor(runs: readonly PackedMemory[]) {
        this.choices = runs.flatMap((memory) => {
            const reader = new MemoryReader(memory);
            const of = runs.length > 1 ? `${memory.title}: ` : '';
            return memory.standings.map(({ name, kernel }, index) => ({
                reader,
                index,
                name: `${of}${name}, kernel ${kernel}`,
            }));
        });
        const last = this.choices.at(-1);
        if (!last) {
            throw new Error('the page has no memory');
        }
        this.shown = last;
    }

    picture(wanted: Wanted): Picture {
        return this.shown.reader.picture(this.shown.index, wanted);
    }

    page(address: number): PageShown {
        return this.shown.reader.page(this.shown.index, address);
    }

    /** Lets the user choose among the moments. */
    offerMoments(select: HTMLSelectElement, changed: () => void): void {
        select.hidden = this.choices.length < 2;
        select.replaceChildren(
            ...this.choices.map((choice, i) => new Option(choice.name, String(i), false, choice === this.shown)),
        );
        select.addEventListener('change', () => {
            this.shown = this.choices[Number(select.value)] ?? this.shown;
            changed();
        });
    }
}
