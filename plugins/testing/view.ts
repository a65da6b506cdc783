/** Small frozen Views for plugin tests; the builder stands in core, whose own tests use it too. */
export * from '../../core/plugin/testing/view.ts';
