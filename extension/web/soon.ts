/** Runs a function after pending messages. A timer would wait for 4 ms: https://html.spec.whatwg.org/#dom-settimeout */
export function soon(work: () => void): void {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
        port1.close();
        work();
    });
    port1.start();
    port2.postMessage(undefined);
}
