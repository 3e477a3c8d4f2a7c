/** The rooms of the product in their order, and the circles of files that are allowed inside them. */
import { circlesOf, filesOf, type Import, importsOf } from './imports';

/** Something that is against the rules of the house. */
export interface Problem {
    readonly file: string;
    readonly line: number;
    readonly message: string;
}

/**
 * From the ground up: a room imports only from rooms that stand before it in this list. A file belongs to the longest
 * path.
 */
export const ROOMS: readonly string[] = [
    'emulator/std',
    'emulator/text',
    'emulator/machine',
    'emulator/findings',
    'emulator/kernel/release',
    'emulator/language',
    'emulator/disk',
    'emulator/kernel',
    'emulator/runtime',
    'emulator/diagnosis',
    'emulator/recording',
    'emulator/handover',
    'emulator/run',
    'emulator/timeline',
    'emulator/trace',
    'emulator/explore',
    'emulator/services',
    'emulator/presentation',
    'emulator/cli',
    'debug-adapter',
    'extension',
];

/** Rooms whose order alone would let them see each other, and that must not. */
const APART: readonly (readonly [from: string, to: string])[] = [
    ['emulator/kernel', 'emulator/language'],
    ['debug-adapter', 'emulator/cli'],
    ['extension', 'emulator/cli'],
];

/** Circles of files that know each other, by a file in them and the most files that they may have, and why they do. */
const CIRCLES: readonly { readonly with: string; readonly most: number; readonly why: string }[] = [
    {
        with: 'emulator/kernel/fs/file.ts',
        most: 4,
        why: 'An open file knows its inode, an inode its kernel and its open files, as struct file and struct inode do.',
    },
    {
        with: 'emulator/kernel/devices/iommufd.ts',
        most: 4,
        why: 'An iommufd has address spaces, those have page tables, those devices, and a device knows its iommufd.',
    },
    {
        with: 'emulator/kernel/kvm/vm.ts',
        most: 5,
        why: 'A virtual machine has memory slots, its guest_memfds know the machine that they belong to.',
    },
];

/** The room of a file; empty where it has none. */
export function roomOf(file: string): string {
    return ROOMS.filter((r) => file.startsWith(`${r}/`)).reduce((a, b) => (b.length > a.length ? b : a), '');
}

function against({ from, line, to }: Import): Problem[] {
    const [here, there] = [roomOf(from), roomOf(to)];
    if (there === '') {
        return [{ file: to, line: 1, message: 'belongs to no room: see ROOMS in test/lint/rooms.ts' }];
    }
    const apart = APART.some(([a, b]) => a === here && b === there);
    return ROOMS.indexOf(there) > ROOMS.indexOf(here) || apart
        ? [{ file: from, line, message: `${here} must not import from ${there} (${to})` }]
        : [];
}

function circleProblems(circle: readonly string[]): Problem[] {
    const allowed = CIRCLES.find((c) => circle.includes(c.with));
    const [first = ''] = circle;
    const files = circle.join(', ');
    if (!allowed) {
        return [{ file: first, line: 1, message: `imports itself in a circle: ${files}` }];
    }
    return circle.length > allowed.most
        ? [
              {
                  file: first,
                  line: 1,
                  message: `the circle around ${allowed.with} has grown to ${circle.length}: ${files}`,
              },
          ]
        : [];
}

/** The sources of the product, but for what is no TypeScript. */
export function productFiles(): string[] {
    return filesOf('emulator/*.ts', 'debug-adapter/*.ts', 'extension/*.ts');
}

/** Which of them imports which. */
export function productImports(): Import[] {
    return importsOf(productFiles()).filter((i) => i.to.endsWith('.ts'));
}

/** Imports against the order of the rooms, and circles of imports, type imports counted. */
export function roomProblems(): Problem[] {
    const imports = productImports();
    return [...imports.flatMap(against), ...circlesOf(imports).flatMap(circleProblems)];
}
