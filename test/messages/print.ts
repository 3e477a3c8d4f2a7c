/**
 * Prints every message of the product on one page, room by room, with its place, the code of its finding and the
 * function or property that it belongs to:
 *
 *     npm run messages                      all of them
 *     npm run messages -- debug-adapter     those of one room
 */
import { roomOf } from '../lint/rooms';
import { messages } from './collect';
import type { Text } from './text';

function print(room: string, texts: readonly Text[]): void {
    console.log(`\n== ${room}: ${texts.length}\n`);
    for (const { file, line, role, code, text } of texts) {
        console.log(`${file}:${line}  ${[role, code].filter((w) => w !== '').join(' ')}`);
        console.log(text.replace(/^/gm, '    '));
    }
}

async function main(only: string | undefined): Promise<void> {
    const all = await messages();
    const rooms = new Set(all.map((t) => roomOf(t.file) || t.file));
    for (const room of [...rooms].sort().filter((r) => only === undefined || r === only)) {
        print(
            room,
            all.filter((t) => (roomOf(t.file) || t.file) === room),
        );
    }
}

main(process.argv[2]).catch((e: unknown) => {
    console.error(e);
    process.exitCode = 1;
});
