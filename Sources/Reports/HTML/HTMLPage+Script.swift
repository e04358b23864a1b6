extension HTMLPage {
  /// Pans, zooms, opens blocks, finds nodes and shows what is known of one.
  static let script = """
    "use strict";
    (()=>{
    const data=JSON.parse(document.getElementById("data").textContent);
    const $=id=>document.getElementById(id),canvas=$("canvas"),side=$("side");
    const el=(tag,text,parent)=>{const e=document.createElement(tag);
      if(text!==undefined)e.textContent=text;if(parent)parent.append(e);return e};
    const state=data.views.map(()=>null);let now=0,chosen=null;
    const svg=v=>$("v"+v),pan=v=>svg(v).firstElementChild;
    const apply=()=>{const s=state[now];
      pan(now).setAttribute("transform",`translate(${s.x} ${s.y}) scale(${s.k})`)};
    const size=v=>({w:+svg(v).dataset.w,h:+svg(v).dataset.h});
    const fit=()=>{const {w,h}=size(now),W=canvas.clientWidth,H=canvas.clientHeight;
      const k=Math.min(1,W/w,H/h);state[now]={k,x:(W-w*k)/2,y:Math.max(0,(H-h*k)/2)};apply()};
    const whole=()=>{const {w,h}=size(now),W=canvas.clientWidth,H=canvas.clientHeight;
      let k=Math.min(1,Math.max(.85,W/w));
      const top=pan(now).querySelector(".n.changed,.n.removed,.n.inserted")||pan(now).querySelector(".n");
      let x=(W-w*k)/2,y=h*k<H?(H-h*k)/2:0;
      if(top){const b=top.transform.baseVal[0].matrix;if(w*k>W)x=W/2-b.e*k-40;
        if(b.f*k>.8*H&&!top.matches(".same"))y=H/2-b.f*k}
      state[now]={k,x,y};apply()};
    const show=v=>{svg(now).classList.remove("on");now=v;svg(v).classList.add("on");
      state[v]?apply():whole();
      const nav=$("crumbs");nav.textContent="";const path=[];
      for(let i=v;i!==null;i=data.views[i].p)path.unshift(i);
      path.forEach((i,n)=>{if(n)nav.append(" / ");
        if(i===v)el("b",data.views[i].t,nav);
        else{const a=el("a",data.views[i].t,nav);a.onclick=()=>show(i)}})};
    const details=n=>{const d=data.nodes[n];side.textContent="";
      el("h3",d.t+" "+d.n,side);const list=el("dl",undefined,side);
      d.d.forEach(([k,v])=>{el("dt",k,list);el("dd",v,list)});
      d.h.forEach(([t,a,b,c])=>{el("div",t+": "+a.toPrecision(3)+" to "+b.toPrecision(3),side);
        const m=Math.max(...c,1),bars=el("div",undefined,side);bars.className="hist "+t;
        c.forEach(x=>{el("i",undefined,bars).style.height=(100*x/m)+"%"})})};
    const choose=g=>{if(chosen)chosen.classList.remove("on");chosen=g;g.classList.add("on")};
    const go=n=>{show(data.nodes[n].v);
      const g=svg(now).querySelector(`[data-n="${n}"]`);if(!g)return;
      const m=g.transform.baseVal[0].matrix,s=state[now];s.k=1;
      s.x=canvas.clientWidth/2-m.e-60;s.y=canvas.clientHeight/2-m.f;apply();choose(g);details(n)};
    let drag=null,moved=false;
    canvas.onpointerdown=e=>{drag={x:e.clientX,y:e.clientY};moved=false};
    window.onpointermove=e=>{if(!drag)return;const dx=e.clientX-drag.x,dy=e.clientY-drag.y;
      if(Math.abs(dx)+Math.abs(dy)>3)moved=true;if(!moved)return;
      state[now].x+=dx;state[now].y+=dy;drag={x:e.clientX,y:e.clientY};apply()};
    window.onpointerup=()=>{drag=null};
    canvas.onclick=e=>{if(moved)return;const g=e.target.closest(".n");if(!g)return;
      if(g.dataset.v!==undefined)show(+g.dataset.v);
      else{choose(g);details(+g.dataset.n)}};
    canvas.addEventListener("wheel",e=>{e.preventDefault();const s=state[now],r=canvas.getBoundingClientRect();
      if(!e.ctrlKey&&Math.abs(e.deltaX)>Math.abs(e.deltaY)){s.x-=e.deltaX;return apply()}
      const f=Math.exp(-e.deltaY/500),k=Math.min(4,Math.max(.02,s.k*f)),q=k/s.k;
      const x=e.clientX-r.left,y=e.clientY-r.top;
      s.x=x-(x-s.x)*q;s.y=y-(y-s.y)*q;s.k=k;apply()},{passive:false});
    $("fit").onclick=fit;$("one").onclick=whole;
    $("find").oninput=e=>{const q=e.target.value.toLowerCase();side.textContent="";if(!q)return;
      let hits=0;data.nodes.forEach((d,n)=>{
        if(hits<200&&(d.t+" "+d.n).toLowerCase().includes(q)){hits++;
          const h=el("div",d.t+" "+d.n,side);h.className="hit";h.onclick=()=>go(n)}});
      if(!hits)el("p","nothing found",side)};
    window.onkeydown=e=>{if(e.key==="/"&&e.target.tagName!=="INPUT"){e.preventDefault();$("find").focus()}};
    show(0);
    })();
    """
}
