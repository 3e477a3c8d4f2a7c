/** How often a text contains each word: a word that a file already uses is probably used again. */
export class Usage {
    private readonly counts = new Map<string, number>();

    constructor(text: string) {
        for (const word of text.match(/\.?\b[A-Za-z_]\w*(?::(?=\s))?/g) ?? []) {
            this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
        }
    }

    /**
     * @param before the character before it: `.` for members;
     * @param behind the one after it: `:` for named arguments
     */
    of(word: string, before = '', behind = ''): number {
        return this.counts.get(`${before}${word}${behind}`) ?? 0;
    }

    /** How much lower the rank of a used word is than that of an unused one: at most 50. */
    bonus(word: string, before = '', behind = ''): number {
        return Math.min(50, Math.round(12 * Math.log2(1 + this.of(word, before, behind))));
    }
}
