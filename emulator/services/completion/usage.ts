/** How often words stand in a text: what a file has used is likely to be used again. */
export class Usage {
    private readonly counts = new Map<string, number>();

    constructor(text: string) {
        for (const [word] of text.matchAll(/\.?\b[A-Za-z_]\w*(?::(?=\s))?/g)) {
            this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
        }
    }

    /** @param before what stands right before it: `.` for members; @param behind `:` for named arguments */
    of(word: string, before = '', behind = ''): number {
        return this.counts.get(`${before}${word}${behind}`) ?? 0;
    }

    /** By how much a word that is used comes before one that is not: at most 50. */
    bonus(word: string, before = '', behind = ''): number {
        return Math.min(50, Math.round(12 * Math.log2(1 + this.of(word, before, behind))));
    }
}
