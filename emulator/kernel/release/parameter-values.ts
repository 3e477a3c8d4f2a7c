/** Values of parameters, as the kernel parses them (lib/kstrtox.c, lib/cmdline.c). */

/** kstrtobool(): reads one letter, and two for `on` and `off`. Undefined: EINVAL. */
export function kstrtobool(text: string | undefined): boolean | undefined {
    const word = /^(?:([1yte])|([0nfd])|o(?:(n)|(f)))/i.exec(text ?? '');
    return word ? word[1] !== undefined || word[3] !== undefined : undefined;
}

/** A number at the beginning of a text, and its length in characters: 0 if there is no number. */
export interface LeadingNumber {
    readonly value: number;
    readonly length: number;
}

/** simple_strtoull() with base 0: 0x… is hexadecimal, 0… octal. */
export function leadingNumber(text: string): LeadingNumber {
    const hex = /^0x[0-9a-f]+/i.exec(text)?.[0];
    const digits = hex ?? /^(?:0[0-7]*|[1-9][0-9]*)/.exec(text)?.[0] ?? '';
    const value =
        digits === '' ? 0 : hex === undefined && digits.startsWith('0') ? parseInt(digits, 8) : Number(digits);
    return { value, length: digits.length };
}

const SUFFIXES = 'KMGTPE';

/** memparse(): a number with a suffix K … E, in bytes. */
export function memparse(text: string): LeadingNumber {
    const { value, length } = leadingNumber(text);
    const suffix = SUFFIXES.indexOf((text[length] ?? ' ').toUpperCase());
    return suffix < 0 ? { value, length } : { value: value * 1024 ** (suffix + 1), length: length + 1 };
}

/** The words of a list, separated by commas. */
export function wordsOf(text: string): string[] {
    return text.split(',').filter((word) => word !== '');
}
