/** A text that people read: a message of the product, or a paragraph of its documentation. */

export interface Text {
    /** From the repository's root. */
    readonly file: string;
    /** From 1. */
    readonly line: number;
    /** The function that is called with it, or the property whose value it is: `report`, `doc`, `description`. */
    readonly role: string;
    /** The code of the finding that it belongs to, such as `LU0201`; empty for all others. */
    readonly code: string;
    /** What the program inserts is shown as `${expression}`, the branches of a condition as `(one | other)`. */
    readonly text: string;
}
