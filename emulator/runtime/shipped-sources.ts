/** All sources in the language that ship with the emulator, by URI. */
import luotest from '../std/luotest.lus';
import { STD_SCHEME, STD_SOURCES } from './standard-library';
import { programUri, SHIPPED_PROGRAMS } from './shipped-programs';

/** The test handlers of the kernel that the recordings were made with. No part of the standard library: only recordings see them. */
export const LUOTEST_URI = `${STD_SCHEME}/luotest.lus`;

export const SHIPPED_SOURCES: ReadonlyMap<string, string> = new Map([
    ...STD_SOURCES,
    [LUOTEST_URI, luotest],
    ...[...SHIPPED_PROGRAMS].map(([name, text]) => [programUri(name), text] as const),
]);
