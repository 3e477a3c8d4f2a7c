/** Where in a program something happened: a part of a source file's text. */
export interface Place {
    readonly uri: string;
    readonly start: number;
    readonly end: number;
}
