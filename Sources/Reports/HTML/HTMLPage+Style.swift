extension HTMLPage {
  /// How a page looks. Nothing is loaded: fonts are those of the machine.
  static let style = """
    :root{--ink:#1c2330;--soft:#5b6577;--line:#d4d9e1;--paper:#fff;--ground:#f6f7f9}
    *{box-sizing:border-box}
    body{margin:0;font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
    header{padding:10px 20px;border-bottom:1px solid var(--line)}
    h1{font-size:17px;margin:0;overflow-wrap:anywhere}
    h2{font-size:15px;margin:18px 0 6px}
    main{padding:8px 20px 40px;max-width:1240px}
    .verdict{font-weight:600;font-size:14px;margin:4px 0 0}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}
    dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
    .table{overflow-x:auto;margin:10px 0}
    table{border-collapse:collapse;font-size:13px}
    th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--line);\
    vertical-align:top;overflow-wrap:anywhere}
    th{color:var(--soft);font-weight:600;white-space:nowrap}
    td:first-child{min-width:13ch}
    .num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
    #stage{display:grid;grid-template:36px minmax(0,1fr)/minmax(0,1fr) 340px;height:calc(100vh - 110px);\
    min-height:420px;border-bottom:1px solid var(--line)}
    #bar{grid-column:1/3;display:flex;gap:10px;align-items:center;padding:0 20px;\
    border-bottom:1px solid var(--line);font-size:13px;white-space:nowrap;overflow:hidden}
    #crumbs{flex:1;overflow:hidden;text-overflow:ellipsis}
    #crumbs a{color:#1f5fbf;cursor:pointer}
    #find{width:180px;font:inherit;padding:2px 6px}
    #bar button{font:inherit;padding:1px 8px}
    #canvas{position:relative;overflow:hidden;background:var(--ground);cursor:grab;touch-action:none}
    #side{overflow:auto;border-left:1px solid var(--line);padding:10px 14px;font-size:13px}
    #side h3{margin:0 0 6px;font-size:14px;overflow-wrap:anywhere}
    #side .hit{cursor:pointer;padding:2px 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
    svg.view{position:absolute;inset:0;width:100%;height:100%;display:none}
    svg.view.on{display:block}
    .e{fill:none;stroke:#9aa4b5;stroke-width:1.2}
    .n{cursor:pointer}
    .n rect{fill:#fff;stroke:#7d889b;stroke-width:1.2}
    .n.block rect{stroke-width:3;fill:#eef1f6}
    .n.same rect{fill:#fff;stroke:#b9c1cd}
    .n.changed rect{fill:#fff0c9;stroke:#c98a00}
    .n.removed rect{fill:#fde0de;stroke:#c4362b}
    .n.inserted rect{fill:#dcf3e0;stroke:#2c8a43}
    .n.on rect{stroke:#1f5fbf;stroke-width:3}
    .n text{text-anchor:middle;font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;\
    fill:var(--ink);pointer-events:none}
    .n .t{font-size:12px;font-weight:600}.n .s{font-size:10px;fill:var(--soft)}
    .key{border:1px solid var(--line);padding:0 8px;border-radius:4px;font-size:12px}
    .key.changed{background:#fff0c9}.key.removed{background:#fde0de}.key.inserted{background:#dcf3e0}
    .k0{fill:#8aa3c7;background:#8aa3c7}.k1{fill:#d98b3a;background:#d98b3a}
    figure{margin:18px 0}figcaption{font-weight:600;margin-bottom:4px}
    .chart{max-width:100%;height:auto}
    .chart .name{text-anchor:end;font-size:11px;fill:var(--ink)}
    .chart .value{font-size:10px;fill:var(--soft)}
    .hist{display:flex;align-items:flex-end;height:60px;gap:1px;border-bottom:1px solid var(--line)}
    .hist i{flex:1;background:#8aa3c7}.hist.b i{background:#d98b3a}
    """
}
