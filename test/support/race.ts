/** A race of three agents, whose orders are explored. */

export const RACE_FILE = 'race.lus';
export const RACE = `
scenario "three agents" {
    boot "7.2"
    process a, b, c
    a { one = open("/dev/liveupdate").create_session("one"); ram = memfd_create("ram"); send one to b; send one to c; send ram to c }
    concurrently {
        a { r = try one.preserve_fd(ram, token: 1); log(r) }
        b { r = try one.close(); log(r) }
        c { r = try one.preserve_fd(ram, token: 2); log(r) }
    }
}
`;
