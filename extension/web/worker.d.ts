/** The globals of workers that this product uses and that Node does not have. */

/** https://html.spec.whatwg.org/multipage/workers.html#dedicated-workers-and-the-worker-interface */
declare class Worker {
    constructor(url: string, options: { readonly name: string });
}

/** The scope of a worker: https://html.spec.whatwg.org/multipage/workers.html#the-global-scope */
declare const self: { readonly name: string };
