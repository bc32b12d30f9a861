fn main(){ for f in std::env::args().skip(1) { match lastgood::policy::Policy::parse(&f,&std::fs::read(&f).unwrap()) { Ok(p)=>println!("ok {}", p.document().assets.len()), Err(e)=>print!("{e}") } } }
