/** The rooms of the product in their order, and the circles of files that are allowed inside them. */

/** From the ground up: a room imports only from those above it in this list. A file belongs to the longest path. */
export const ROOMS: readonly string[] = [
    'emulator/text',
    'emulator/machine',
    'emulator/findings',
    'emulator/kernel',
    'emulator/std',
    'emulator/language',
    'emulator/runtime',
    'emulator/diagnosis',
    'emulator/recording',
    'emulator/handover',
    'emulator/run',
    'emulator/timeline',
    'emulator/trace',
    'emulator/services',
    'emulator/presentation',
    'emulator/cli',
    'debug-adapter',
    'extension',
];

/** A circle of files that know each other, and why they do. */
export interface Circle {
    readonly in: string;
    readonly most: number;
    readonly why: string;
}
